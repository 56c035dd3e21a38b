"""What is wrong with a signed CEB message, down to the byte.

`look` goes through the message as its receiver does: structure, algorithms, key, digest, signature. Where a digest or a
signature does not fit, it tries the mistakes that are made in the field and says which one explains it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from hashlib import sha1, sha256

from lxml import etree

from host_tools.customs import ceb, suspects
from host_tools.customs.ceb import DS, canonical, signature_of, without_signature
from host_tools.customs.compare import first_difference
from host_tools.customs.dialect import ALGORITHMS, C14N, ENVELOPED, Dialect, by_signature_name
from host_tools.customs.findings import Finding, NotReadable, doubtful, good, wrong
from host_tools.customs.suspects import Case, Suspect
from host_tools.eport_client.identity import Certificate
from host_tools.eport_client.signatures import NationalCrypto
from host_tools.eport_client.wording import Text
from host_tools.errors import BadResponse
from host_tools.pki.keys import Hash, digest

_DS = f"{{{DS}}}"
_EMPTY = re.compile(rb"<([^\s/>]+)([^<>]*)></\1>")
_DECLARATION = re.compile(rb' xmlns:?[^=]*="[^"]*"')
HASHES: dict[str, Callable[[bytes], bytes]] = {
    "SM3": lambda data: digest(Hash.SM3, data),
    "SHA-1": lambda data: sha1(data, usedforsecurity=False).digest(),
    "SHA-256": lambda data: sha256(data).digest(),
}


def look(message: bytes, sm2: NationalCrypto, signed: bytes | None = None) -> tuple[Finding, ...]:
    """Everything there is to say. `signed` are the bytes that somebody gave to the card, to be compared."""
    root = ceb.parse(message)
    signature = signature_of(root)
    if signature is None:
        raise NotReadable("the message has no ds:Signature")
    found = [*_structure(root, signature)]
    dialect, said = _algorithms(signature)
    found += said
    if dialect is not None:
        found += _digest(message, root, signature, dialect)
    certificate, said = _certificate(signature, dialect)
    found += said
    return (*found, *_value(message, signature, certificate, sm2, signed))


def _structure(root: etree._Element, signature: etree._Element) -> Iterator[Finding]:
    name = etree.QName(root)
    if name.namespace != ceb.CEB or not ceb.ROOT.fullmatch(name.localname):
        zh = f"根元素是{name.localname}（命名空间{name.namespace}），应为{ceb.CEB}中的CEBxxxMessage"
        en = f"the root is {name.localname} in {name.namespace}; it should be a CEBnnnMessage in {ceb.CEB}"
        yield doubtful("root", zh, en)
    if len(list(root.iter(f"{_DS}Signature"))) > 1:
        yield wrong("Signature", "有多个Signature", "there is more than one Signature")
    if signature.getparent() is not root:
        yield wrong("Signature", "Signature应为根元素的子元素", "the Signature must be a child of the root")


def _algorithms(signature: etree._Element) -> tuple[Dialect | None, list[Finding]]:
    """The dialect, None when there is none to be seen, and what is wrong with the names in SignedInfo."""
    found = []
    expected = {"CanonicalizationMethod": C14N, "Transform": ENVELOPED}
    for name, right in expected.items():
        for said in _names(signature, name) or [""]:
            if said != right:
                zh, en = f"算法是{said or '（缺）'}，应为{right}", f"the algorithm is {said or 'missing'}, not {right}"
                found.append(wrong(name, zh, en))
    for reference in signature.iter(f"{_DS}Reference"):
        if reference.get("URI") != "":
            found.append(wrong("Reference", 'URI应为空（URI=""）', 'URI must be there and empty (URI="")'))
    named = "".join(_names(signature, "SignatureMethod"))
    dialect = by_signature_name(named)
    if dialect is None:
        known = ", ".join(row.signature for row in ALGORITHMS.values())
        zh, en = f"不认识签名算法{named}，可用：{known}", f"the algorithm {named} is not known; known are {known}"
        return None, [*found, wrong("SignatureMethod", zh, en)]
    return dialect, [*found, *_digest_name(signature, dialect)]


def _names(signature: etree._Element, name: str) -> list[str]:
    return [str(element.get("Algorithm", "")) for element in signature.iter(f"{_DS}{name}")]


def _digest_name(signature: etree._Element, dialect: Dialect) -> Iterator[Finding]:
    named, right = "".join(_names(signature, "DigestMethod")), ALGORITHMS[dialect].digest
    if named != right:
        zh = f"摘要算法是{named}，与签名算法相配的是{right}"
        yield wrong("DigestMethod", zh, f"the algorithm is {named}; {right} goes with the signature's")
    if dialect is Dialect.SM2_W3:
        zh = "SM2写在www.w3.org名下并配SHA-1摘要：有人报告可通过，官方规范要求chinaport.gov.cn的名称"
        en = "SM2 under a www.w3.org name with SHA-1: reported as accepted, but the guide has chinaport.gov.cn names"
        yield doubtful("SignatureMethod", zh, en)


# -- DigestValue


def _digest(message: bytes, root: etree._Element, signature: etree._Element, dialect: Dialect) -> list[Finding]:
    value, found = suspects.decoded("DigestValue", _text(signature, "DigestValue"))
    if not value:
        return found
    right = canonical(without_signature(root))
    expected = ALGORITHMS[dialect].hash
    for body, mistake in ((right, Text("", "")), *_digested(message, root)):
        for name, hashed in HASHES.items():
            if hashed(body) == value:
                usual = name.replace("-", "").lower() == expected.value
                return [*found, *_explained(right, body, mistake, "" if usual else name, expected)]
    name, made = expected.value.upper(), digest(expected, right).hex()
    zh = f"与报文不符：报文的{name}摘要是{made}，写的是{value.hex()}；签名后改过报文？"
    en = (
        f"it does not fit the message: the {name} of the message is {made}, written is {value.hex()}; "
        "was the message changed after it was signed?"
    )
    return [*found, wrong("DigestValue", zh, en)]


def _explained(right: bytes, body: bytes, mistake: Text, other_hash: str, expected: Hash) -> list[Finding]:
    found = []
    if other_hash:
        zh, en = f"用了{other_hash}，应为{expected.value}", f"it is a {other_hash}, not a {expected.value}"
        found.append(wrong("DigestValue", zh, en))
    if mistake.zh:
        found.append(wrong("DigestValue", mistake.zh, mistake.en))
    difference = first_difference(right, body)
    if difference is not None:
        found.append(wrong("DigestValue", difference.zh, difference.en))
    return found or [good("DigestValue", "摘要正确", "the digest is right")]


def _digested(message: bytes, root: etree._Element) -> Iterator[tuple[bytes, Text]]:
    """What people take the digest of by mistake."""
    bare = without_signature(root)
    yield canonical(root), Text("摘要包含了Signature本身", "the digest was taken with the Signature in the message")
    yield canonical(bare, comments=True), Text("摘要包含了注释", "the digest was taken with the comments")
    raw = re.sub(rb"<(ds:)?Signature[ >].*</(ds:)?Signature>", b"", message, flags=re.DOTALL)
    yield raw, Text("摘要取自未规范化的文件", "the digest is that of the file, not of its canonical form")
    declared = re.sub(rb"^<\?xml[^>]*\?>\s*", b"", raw)
    yield declared, Text("摘要取自未规范化的根元素", "the digest is that of the root as written, not canonical")
    yield _without_blanks(bare), Text("摘要取自去掉空白的报文", "the digest was taken without the white space")
    unbounded = canonical(bare).replace(b' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"', b"")
    yield unbounded, Text("摘要时缺少xmlns:xsi", "xmlns:xsi was missing when the digest was taken")
    yield canonical(bare, exclusive=True), Text("用了排他规范化", "exclusive canonicalisation was used")


def _without_blanks(root: etree._Element) -> bytes:
    reader = etree.XMLParser(remove_blank_text=True, resolve_entities=False, no_network=True)
    return canonical(etree.fromstring(canonical(root), reader))


# -- KeyInfo


def _certificate(signature: etree._Element, dialect: Dialect | None) -> tuple[Certificate | None, list[Finding]]:
    body, found = suspects.decoded("X509Certificate", _text(signature, "X509Certificate"))
    try:
        certificate = Certificate.parse(body)
    except BadResponse:
        zh, en = "没有可读的证书", "there is no certificate that can be read"
        return None, [*found, wrong("X509Certificate", zh, en)]
    return certificate, [*found, *_key(_text(signature, "KeyName"), certificate, dialect)]


def _key(name: str, certificate: Certificate, dialect: Dialect | None) -> Iterator[Finding]:
    if name != certificate.number:
        lower = "，须小写" if name.lower() == certificate.number else ""
        zh = f"是“{name}”，应为证书编号“{certificate.number}”{lower}"
        yield wrong("KeyName", zh, f"it is {name!r} and must be the certificate number {certificate.number!r}")
    if dialect is not None and ALGORITHMS[dialect].kind is not certificate.key.kind:
        kind = certificate.key.kind.value.upper()
        yield wrong(
            "SignatureMethod", f"证书是{kind}的，算法不相配", f"the certificate's key is {kind}: it does not fit"
        )


# -- SignatureValue


def _value(
    message: bytes,
    signature: etree._Element,
    certificate: Certificate | None,
    sm2: NationalCrypto,
    signed: bytes | None,
) -> list[Finding]:
    info = signature.find(f"{_DS}SignedInfo")
    if info is None:
        return [wrong("SignedInfo", "缺少SignedInfo", "there is no SignedInfo")]
    expected = canonical(info)
    found = _compared(expected, signed)
    value, said = suspects.decoded("SignatureValue", _text(signature, "SignatureValue"))
    if not value or certificate is None:
        return [*found, *said]
    mistakes = tuple(_signed_by_mistake(message, signature, info, signed))
    case = Case("SignatureValue", certificate.key, expected, mistakes)
    return [*found, *said, *suspects.trace(case, value, sm2)]


def _compared(expected: bytes, signed: bytes | None) -> list[Finding]:
    difference = first_difference(expected, signed) if signed is not None else None
    if difference is None:
        return []
    return [wrong("SignedInfo", difference.zh, difference.en)]


def _signed_by_mistake(
    message: bytes, signature: etree._Element, info: etree._Element, signed: bytes | None
) -> Iterator[Suspect]:
    """What people give to the card instead of the canonical SignedInfo."""
    if signed is not None:
        yield Suspect(signed, Text("签的是所给的文件", "what was signed is the file you named"))
    right = canonical(info)
    raw = re.search(rb"<(ds:)?SignedInfo.*</(ds:)?SignedInfo>", message, flags=re.DOTALL)
    if raw is not None:
        yield Suspect(raw[0], Text("签的是未规范化的SignedInfo", "the SignedInfo was signed as written, not canonical"))
    yield Suspect(
        canonical(info, exclusive=True), Text("SignedInfo用了排他规范化", "exclusive canonicalisation was used")
    )
    yield Suspect(_DECLARATION.sub(b"", right), Text("SignedInfo缺少全部命名空间", "all namespaces are missing"))
    yield from _without_one_namespace(right)
    yield Suspect(_EMPTY.sub(rb"<\1\2/>", right), Text("SignedInfo用了自闭合标签", "self-closing tags were used"))
    yield Suspect(_reordered(right), Text("命名空间顺序不对", "the namespaces are in another order"))
    yield Suspect(right + b"\n", Text("末尾多了换行", "a line break was added at the end"))
    bare = canonical(without_signature(signature.getroottree().getroot()))
    yield Suspect(bare, Text("签的是报文，应签SignedInfo", "the message was signed instead of its SignedInfo"))
    value = _text(signature, "DigestValue")
    yield Suspect(value.encode(), Text("签的是DigestValue文本", "the text of DigestValue was signed"))
    yield Suspect(suspects.decoded("", value)[0], Text("签的是摘要，应签SignedInfo", "the digest itself was signed"))


def _without_one_namespace(right: bytes) -> Iterator[Suspect]:
    head, end, rest = right.partition(b">")
    for declaration in _DECLARATION.findall(head):
        name = declaration.partition(b"=")[0].strip().decode()
        mistake = Text(f"SignedInfo缺少{name}", f"{name} is missing in SignedInfo")
        yield Suspect(head.replace(declaration, b"") + end + rest, mistake)


def _reordered(right: bytes) -> bytes:
    """The namespaces with ds first, as tools write them that do not sort."""
    head, end, rest = right.partition(b">")
    declarations = _DECLARATION.findall(head)
    declarations.sort(key=lambda declaration: not declaration.startswith(b" xmlns:ds="))
    return _DECLARATION.sub(b"", head) + b"".join(declarations) + end + rest


def _text(signature: etree._Element, name: str) -> str:
    element = signature.find(f".//{_DS}{name}")
    return (element.text or "").strip() if element is not None else ""
