"""Everything for which the office says no: a name for programs, and a text for people, Chinese first."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

from host_tools.eport_client.wording import Lang, Text
from host_tools.office.rules import Signer
from host_tools.registry.states import CardKind, CardState


class Reason(StrEnum):
    """What stands against an order or a log in."""

    FORM = "form"
    CERTIFICATE_FORM = "certificate-form"
    UNTRUSTED = "untrusted"
    NOT_YET_VALID = "not-yet-valid"
    EXPIRED = "expired"
    OPERATOR_EXPIRED = "operator-expired"
    UNKNOWN_CERTIFICATE = "unknown-certificate"
    SIGNATURE = "signature"
    ON_HOLD = "on-hold"
    REVOKED = "revoked"
    REPLACED = "replaced"
    SIGNER_PREPARING = "signer-preparing"
    SIGNER_FROZEN = "signer-frozen"
    SIGNER_LOST = "signer-lost"
    SIGNER_VOID = "signer-void"
    ENTERPRISE_CANCELLED = "enterprise-cancelled"
    OTHER_SIGNER = "other-signer"
    FUTURE = "future"
    STALE = "stale"
    USED = "used"
    UNKNOWN_CARD = "unknown-card"
    UNKNOWN_ENTERPRISE = "unknown-enterprise"
    WRONG_ENTERPRISE = "wrong-enterprise"
    NOT_PERMITTED = "not-permitted"
    CARD_STATE = "card-state"
    RECORD_NUMBER = "record-number"
    BOUND = "bound"
    NOT_BOUND = "not-bound"
    OTHER_DETAILS = "other-details"
    CHALLENGE_UNKNOWN = "challenge-unknown"
    CHALLENGE_EXPIRED = "challenge-expired"


TEXTS: dict[Reason, Text] = {
    Reason.FORM: Text("指令格式不正确", "the order cannot be read, or is not in its one canonical form"),
    Reason.CERTIFICATE_FORM: Text("证书无法识别", "the certificate cannot be read"),
    Reason.UNTRUSTED: Text("证书不是本制卡中心签发的", "the certificate was not issued by this office's authority"),
    Reason.NOT_YET_VALID: Text(
        "卡 {card} 的证书尚未生效，生效日期 {start}，请检查日期（--date）",
        "the certificate of card {card} is not valid before {start}; see that the date is right (--date)",
    ),
    Reason.EXPIRED: Text(
        "卡 {card} 的证书已过期，有效期至 {end}，请到制卡中心更新证书",
        "the certificate of card {card} was valid until {end}; renew it at the office",
    ),
    Reason.OPERATOR_EXPIRED: Text(
        "制卡员卡证书已过期，有效期至 {end}，请更换制卡员卡（simcard office replace-card）",
        "the certificate of the office's operator card was valid until {end}; "
        "make another card with simcard office replace-card",
    ),
    Reason.UNKNOWN_CERTIFICATE: Text("证书未登记", "the certificate is not in the registry"),
    Reason.SIGNATURE: Text("签名验证失败", "the signature does not belong to this text and this certificate"),
    Reason.ON_HOLD: Text("卡 {card} 的证书已冻结", "the certificate of card {card} is on hold"),
    Reason.REVOKED: Text("卡 {card} 的证书已作废", "the certificate of card {card} was revoked"),
    Reason.REPLACED: Text(
        "卡 {card} 的证书已被新证书替换", "the certificate of card {card} was replaced by a newer one"
    ),
    Reason.SIGNER_PREPARING: Text("卡 {card} 尚未制作完成", "card {card} is not finished yet"),
    Reason.SIGNER_FROZEN: Text("卡 {card} 已冻结，请先解冻", "card {card} is frozen; have it unfrozen first"),
    Reason.SIGNER_LOST: Text("卡 {card} 已挂失", "card {card} is reported lost"),
    Reason.SIGNER_VOID: Text("卡 {card} 已作废", "card {card} is void"),
    Reason.ENTERPRISE_CANCELLED: Text("企业已注销", "the enterprise is cancelled"),
    Reason.OTHER_SIGNER: Text("指令上的卡号与签名卡不一致", "the order names another card than the one that signed it"),
    Reason.FUTURE: Text("指令时间晚于当前时间", "the order is from the future; see that the clocks agree"),
    Reason.STALE: Text("指令已超过有效时间", "the order is too old; sign a new one"),
    Reason.USED: Text("指令已使用过", "the order was used already"),
    Reason.UNKNOWN_CARD: Text("卡号 {card} 未登记", "card {card} is not in the registry"),
    Reason.UNKNOWN_ENTERPRISE: Text("企业 {enterprise} 未登记", "enterprise {enterprise} is not in the registry"),
    Reason.WRONG_ENTERPRISE: Text("卡 {card} 不属于该企业", "card {card} does not belong to this enterprise"),
    Reason.NOT_PERMITTED: Text("{signer}无权对{kind}办理此业务，{who}", "{signer} may not do that to {kind}; {who}"),
    Reason.CARD_STATE: Text(
        "卡 {card} 的状态为{state}，{signer}不能办理此业务，{who}",
        "card {card} is {state}: {signer} may not do that to it; {who}",
    ),
    Reason.RECORD_NUMBER: Text(
        "报关人员备案证号应为 1 至 40 位字母、数字或连字符",
        "a declarant's record number has 1 to 40 letters, digits and hyphens, such as 99990000003",
    ),
    Reason.BOUND: Text(
        "该卡或该报关人员已绑定，请先解绑", "this card or this declarant is bound already; unbind first"
    ),
    Reason.NOT_BOUND: Text("该卡没有绑定报关人员", "no declarant is bound to this card"),
    Reason.OTHER_DETAILS: Text(
        "提交的资料与签名的指令不一致", "the order was signed for other data than those handed in with it"
    ),
    Reason.CHALLENGE_UNKNOWN: Text(
        "登录挑战无效或已使用，请重新登录", "this challenge was not given, or was used; log in again"
    ),
    Reason.CHALLENGE_EXPIRED: Text("登录超时，请重新登录", "this challenge was answered too late; log in again"),
}


KINDS: dict[CardKind | None, Text] = {
    CardKind.LEGAL: Text("法人卡", "a legal-person card"),
    CardKind.OPERATOR: Text("操作员卡", "an operator card"),
    CardKind.DECLARANT: Text("报关员卡", "a declarant card"),
    None: Text("企业", "an enterprise"),
}
OFFICE = Text("制卡员卡", "the office's operator card")
SIGNERS: dict[Signer, Text] = {
    Signer.LEGAL: Text("本企业法人卡", "the enterprise's legal-person card"),
    Signer.SELF: Text("该卡本身", "the card itself"),
    Signer.OFFICE: OFFICE,
}
NOBODY = Text("也没有其他卡可以办理，见 docs/office.md", "no other card may either, see docs/office.md")
STATES: dict[CardState, Text] = {
    CardState.PREPARING: Text("制作中", "not finished"),
    CardState.NORMAL: Text("正常", "normal"),
    CardState.FROZEN: Text("冻结", "frozen"),
    CardState.LOST: Text("挂失", "reported lost"),
    CardState.VOID: Text("作废", "void"),
}


def who_may(signers: Iterable[Signer]) -> Text:
    """Who else may do what was refused."""
    found = [SIGNERS[each] for each in signers]
    if not found:
        return NOBODY
    return Text(f"应由{'或'.join(each.zh for each in found)}办理", f"{' or '.join(each.en for each in found)} may")


class Refusal(Exception):
    """Raised where a check fails; the desk that catches it writes it down and tells who asked, in their language.

    Values that are texts themselves are said in the language of the whole.
    """

    def __init__(self, reason: Reason, **values: str | Text) -> None:
        self.reason = reason
        self._values = values
        super().__init__(self.say(Lang.EN))

    def say(self, lang: Lang) -> str:
        """The text in a language."""
        said = {name: each.say(lang) if isinstance(each, Text) else each for name, each in self._values.items()}
        return TEXTS[self.reason].say(lang).format(**said)
