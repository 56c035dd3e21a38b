"""Enveloped XML signatures of CEB messages (CEB311, CEB411, CEB511, CEB621 and their kin): the bytes, signing, parts.

DigestValue is the digest of the canonical message without its Signature; what goes to the card is the canonical
SignedInfo as it stands in the message, so with every namespace of the root (usually ceb, ds, xsi, in this order) and
with start and end tags. Canonical XML 1.0 without comments (W3C REC-xml-c14n-20010315).
"""

from __future__ import annotations

import re
from base64 import b64encode
from copy import deepcopy
from dataclasses import dataclass

from lxml import etree

from host_tools.customs.dialect import ALGORITHMS, C14N, ENVELOPED, USUAL, W3, Algorithms, Dialect
from host_tools.customs.findings import NotReadable
from host_tools.customs.signer import Signer
from host_tools.errors import WrongState
from host_tools.pki.keys import Kind, digest
from simcard.wire.status import SW

CEB = "http://www.chinaport.gov.cn/ceb"
DS = W3
ROOT = re.compile(r"CEB\d{3}Message")
LARGEST = 16 * 1024 * 1024
_DS = f"{{{DS}}}"


def parse(message: bytes) -> etree._Element:
    """The root of a message; `NotReadable` for what is no XML, too large, or has a document type."""
    if len(message) > LARGEST:
        raise NotReadable(f"the message has more than {LARGEST} bytes")
    reader = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        root = etree.fromstring(message, reader)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise NotReadable(f"the message is not XML: {error}") from None
    if root.getroottree().docinfo.internalDTD is not None:
        raise NotReadable("the message has a document type; signed messages have none")
    return root


def canonical(element: etree._Element, *, comments: bool = False, exclusive: bool = False) -> bytes:
    """The canonical bytes of an element as it stands in its document."""
    found: bytes = etree.tostring(element, method="c14n", with_comments=comments, exclusive=exclusive)
    return found


def signature_of(root: etree._Element) -> etree._Element | None:
    """The Signature of a message, None when it has none."""
    return root.find(f".//{_DS}Signature")


def without_signature(root: etree._Element) -> etree._Element:
    """A copy of the message without its Signature; the text around it stays (W3C XML-Signature, 6.6.4)."""
    copy = deepcopy(root)
    for signature in list(copy.iter(f"{_DS}Signature")):
        take_out(signature)
    return copy


def take_out(element: etree._Element) -> None:
    """Remove an element and keep the text that follows it."""
    parent, tail = element.getparent(), element.tail or ""
    if parent is None:
        return
    before = element.getprevious()
    if before is not None:
        before.tail = (before.tail or "") + tail
    else:
        parent.text = (parent.text or "") + tail
    element.tail = None
    parent.remove(element)


def digest_of(root: etree._Element, dialect: Dialect) -> bytes:
    """What DigestValue must be."""
    return digest(ALGORITHMS[dialect].hash, canonical(without_signature(root)))


@dataclass(frozen=True, slots=True)
class Prepared:
    """A message with everything but its SignatureValue, and the bytes that go to the card."""

    root: etree._Element
    to_sign: bytes


def prepare(message: bytes, signer: Signer, dialect: Dialect) -> Prepared:
    """Put a Signature into a message, in place of one that is there; its value is still empty."""
    algorithms = ALGORITHMS[dialect]
    if signer.certificate.key.kind is not algorithms.kind:
        raise WrongState(f"dialect {dialect.value} is not for a key of this kind", SW.CONDITIONS)
    root = without_signature(parse(message))
    made = _signature(algorithms, digest_of(root, dialect), signer)
    root.append(made)
    signed_info = made.find(f"{_DS}SignedInfo")
    assert signed_info is not None
    return Prepared(root, canonical(signed_info))


def sign(message: bytes, signer: Signer, dialect: Dialect | None = None) -> bytes:
    """The message with its Signature, UTF-8. Without a dialect the usual one of the key."""
    prepared = prepare(message, signer, dialect or usual(signer.certificate.key.kind))
    value = prepared.root.find(f".//{_DS}SignatureValue")
    assert value is not None
    value.text = b64encode(signer.sign(prepared.to_sign)).decode()
    made: bytes = etree.tostring(prepared.root.getroottree(), encoding="UTF-8", xml_declaration=True)
    return made


def usual(kind: Kind) -> Dialect:
    """The dialect of a kind of key; `WrongState` for keys that no dialect is for."""
    if kind not in USUAL:
        raise WrongState("CEB messages are signed with RSA or SM2 keys", SW.CONDITIONS)
    return USUAL[kind]


def _signature(algorithms: Algorithms, value: bytes, signer: Signer) -> etree._Element:
    made = etree.Element(f"{_DS}Signature", nsmap={"ds": DS})
    info = _add(made, "SignedInfo")
    _add(info, "CanonicalizationMethod", Algorithm=C14N)
    _add(info, "SignatureMethod", Algorithm=algorithms.signature)
    reference = _add(info, "Reference", URI="")
    _add(_add(reference, "Transforms"), "Transform", Algorithm=ENVELOPED)
    _add(reference, "DigestMethod", Algorithm=algorithms.digest)
    _add(reference, "DigestValue").text = b64encode(value).decode()
    _add(made, "SignatureValue")
    key_info = _add(made, "KeyInfo")
    _add(key_info, "KeyName").text = signer.certificate.number
    _add(_add(key_info, "X509Data"), "X509Certificate").text = b64encode(signer.certificate.der).decode()
    return made


def _add(parent: etree._Element, name: str, **attributes: str) -> etree._Element:
    return etree.SubElement(parent, f"{_DS}{name}", attributes)
