"""What can be called: the table of methods, those that are known and not answered, and the call itself."""

from __future__ import annotations

from host_tools.eport_client import other_methods, security
from host_tools.eport_client.calls import Call, Method
from host_tools.eport_client.refusals import Base, base

METHODS: dict[str, Method] = {method.name: method for method in (*security.METHODS, *other_methods.METHODS)}

MODULE_VERSIONS = "_GetVersions"
"""`<module>_GetVersions` asks for the version of a part; every part has the version of the whole."""

_FAMILIES: dict[str, str] = {
    "": "getfilepath",
    "base_": "choosefile chooseDir savefile movefiles StartClickOnceApp StartClickOnceAppWithUserinfo "
    "SetDefaultPrinter PrintPdf FileDownload DeleteTempFiles DetermineFilesIsPDF",
    "upload_": "FileBatchUpload",
    "pdf-scan_": "PdfScanScanInitialize PdfScan PdfScanAsPEM",
    "pdf-sign_": "PdfView PdfCheck PdfCheckSign PdfAddSign FilePdfAddSign PdfFileBatchCheck PdfFileBatchAddSign "
    "PdfFileBatchCheckAndSign PdfXmlAddSign PdfXmlBatchAddSign PdfXmlDirAddSign",
    "pdf-es_": "ExtractSeal ExtractAutograph SetServerUrl VerifySeal Sign SpcSign",
    "jsca_": "JSCASignData JSCAVerifyPIN JSCAInitEnv JSCAInitEnvALL JSCAClearEnv",
    "txrn_": "TXRNSignData TXRNSignNoHash TXRNgetInvoiceData TXRNgetFpDetailData",
    "mofcom_": "DetectKey GetFTKeySN GetSelectedCertIndex ListCertsNames SetSelectedCertIndex CheckUsbKeyPin "
    "GetEncodedCert GetCertInfo SignMessage BatchSignMessage VerifyMsg BatchVerifyMsg EnvelopedSignFile "
    "EnvelopedVerifyFile",
    "ra_": "FormatCpuCard InitMakeCard WriteCpuCard getServerCert GetCard2UserInfo",
    "security_": "PdfSignCheckSign PdfSignCheck PdfAddSign PdfCheckAndAddSign PdfScanScanInitialize PdfScanAsPEM "
    "PdfScan PdfView LocalPdfBatchCheckAndSign LocalPdfBatchUpload DeleteSignedTempFile",
}

NOT_ANSWERED: frozenset[str] = frozenset(prefix + name for prefix, names in _FAMILIES.items() for name in names.split())
"""Methods of the official script that need a vendor's server, a scanner, a PDF component or somebody else's key."""


def signs(method: str) -> bool:
    """Whether the method uses the signing key, which takes a real card its time."""
    return method in METHODS and METHODS[method].signs


def run(call: Call) -> list[object]:
    """Run a call; its data, or `EportRefusal`."""
    method = METHODS.get(call.method)
    if method is not None:
        return method.run(call)
    if call.method.endswith(MODULE_VERSIONS) and call.method != MODULE_VERSIONS:
        return other_methods.version(call)
    name = call.method[:80]
    if call.method in NOT_ANSWERED:
        raise base(Base.UNKNOWN_METHOD, f"模拟服务不提供方法{name}", f"this service does not offer the method {name}")
    raise base(Base.UNKNOWN_METHOD, f"没有方法{name}", f"there is no method {name}")
