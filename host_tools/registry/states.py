"""The closed sets of the registry, and how a card may go from state to state.

Two states of a card are not here: "locked" is seen on the card, and "expired" follows from its certificate and the
clock.
"""

from __future__ import annotations

from enum import StrEnum


class EnterpriseState(StrEnum):
    """Whether an enterprise is in the network."""

    ACTIVE = "active"
    CANCELLED = "cancelled"


class CardKind(StrEnum):
    """What a card is, in the words that stand on it."""

    LEGAL = "法人卡"
    OPERATOR = "操作员卡"
    DECLARANT = "报关员卡"


class Medium(StrEnum):
    """What the card is built into."""

    IC = "ic"
    IKEY = "ikey"


class CardState(StrEnum):
    """What the registry says of a card. A card is `preparing` before anything is written to plastic."""

    PREPARING = "preparing"
    NORMAL = "normal"
    FROZEN = "frozen"
    LOST = "lost"
    VOID = "void"


class CertificateState(StrEnum):
    """Of a certificate in the registry; what is on hold is `current` and stands in the authority's book."""

    CURRENT = "current"
    REPLACED = "replaced"
    REVOKED = "revoked"


class Action(StrEnum):
    """Everything that is written into the log."""

    ENTERPRISE_ADDED = "enterprise-added"
    ENTERPRISE_CHANGED = "enterprise-changed"
    ENTERPRISE_CANCELLED = "enterprise-cancelled"
    CARD_ADDED = "card-added"
    ISSUE = "issue"
    REPLACE = "replace"
    HOLDER_CHANGED = "holder-changed"
    CERTIFY = "certify"
    RENEW = "renew"
    UNLOCK = "unlock"
    FREEZE = "freeze"
    UNFREEZE = "unfreeze"
    REPORT_LOSS = "report-loss"
    VOID = "void"
    BIND = "bind"
    UNBIND = "unbind"
    LOGIN = "login"
    ORDER = "order"
    APPLICATION = "application"


class Outcome(StrEnum):
    """What became of it."""

    ACCEPTED = "accepted"
    REFUSED = "refused"


class ApplicationKind(StrEnum):
    """The procedures an enterprise may apply for."""

    JOIN = "新入网"
    CHANGE_RECORD = "备案资料变更"
    CHANGE_HOLDER = "持卡人信息变更"
    ADD_CARD = "新增/补办卡"
    RENEW = "证书更新/解锁"
    CANCEL_ENTERPRISE = "注销企业"
    CANCEL_OPERATOR = "注销操作员/报关员"


class ApplicationState(StrEnum):
    """Where an application stands; a returned one may be submitted again."""

    SUBMITTED = "已提交待审核"
    RETURNED = "分中心退单"
    APPROVED = "已审核待收卡"
    DONE = "已完成"


class ProcedureKind(StrEnum):
    """Work on a card that may be cut short and is then taken up again."""

    ISSUE = "issue"
    REPLACE = "replace"
    HOLDER = "holder"
    RENEW = "renew"
    UNLOCK = "unlock"
    ORDER = "order"


STAGING: dict[ProcedureKind, str] = {
    ProcedureKind.ISSUE: "simcard issue card",
    ProcedureKind.REPLACE: "simcard issue card",
    ProcedureKind.HOLDER: "simcard issue update",
    ProcedureKind.RENEW: "simcard renew",
}
"""Work that stages new keys on a card, one at a time, and what finishes it."""
AT_THE_CARD: dict[ProcedureKind, str] = {**STAGING, ProcedureKind.UNLOCK: "simcard unlock"}
"""All work that only goes on where the card is."""

MOVES: dict[CardState, frozenset[CardState]] = {
    CardState.PREPARING: frozenset((CardState.NORMAL, CardState.VOID)),
    CardState.NORMAL: frozenset((CardState.FROZEN, CardState.LOST, CardState.VOID)),
    CardState.FROZEN: frozenset((CardState.NORMAL, CardState.LOST, CardState.VOID)),
    CardState.LOST: frozenset((CardState.NORMAL, CardState.VOID)),
    CardState.VOID: frozenset(),
}
"""Where a card may go from each state; who may move it is `host_tools.office.rules`."""
