"""Every text of the renewal client, Chinese first; problems are told in words that say what to do."""

from __future__ import annotations

from host_tools.eport_client.wording import Lang, Text
from host_tools.errors import (
    BadResponse,
    CardBusy,
    CardRemoved,
    HostError,
    ImageProblem,
    NoCard,
    NoReader,
    NoService,
    NotRegistered,
    OfficeRefused,
    PinError,
    RegistryProblem,
)
from host_tools.renewal.visit import Left, Part
from host_tools.skf.sar import SkfRemoved

TITLE = Text("电子口岸IC卡证书自主延期客户端", "Electronic Port IC card: renewal of certificates")
LOG_IN = Text("登录", "Log in")
NETWORK_TEST = Text("网络测试", "Network test")
HOLDER = Text("用户信息", "Holder")
RENEW = Text("法人卡延期", "Renew this card")
QUIT = Text("退出", "Quit")
OK = Text("确定", "OK")
CANCEL = Text("取消", "Cancel")
OTHER_LANGUAGE = Text("English", "中文")
KEYS = Text(
    "F2 English  F3 登录  F4 网络测试  F5 法人卡延期  F10 退出  Tab、方向键移动",
    "F2 中文  F3 log in  F4 network test  F5 renew  F10 quit  Tab, arrows: move",
)
HINT = Text(
    "点击法人卡延期按钮后，请勿进行插拔卡、关闭系统、注销用户、重启电脑等操作。\n"
    "万一中断，IC卡不会失效：卡上总有完整的原证书或新证书，再次登录即可接着办理。",
    "Please leave the card, this program and the computer alone while the renewal runs. Should it be cut short all "
    "the same, the card is not harmed: it has the old certificate or the new one, whole; log in again to go on.",
)

LOGGED_OUT = Text(
    "尚未登录：请插好法人卡，点击“登录”", "not logged in: with the legal-person card in its place, log in"
)
LOG_IN_FIRST = Text("请先登录（F3），再办理延期", "log in first (F3); then the card can be renewed")
CUT_SHORT = Text(
    "上次延期未办完，停在“{step}”；点击“法人卡延期”接着办理",
    'an earlier renewal was cut short before "{step}"; press "Renew this card" to go on',
)
WAIT = Text("请稍候……", "please wait …")

PASSWORD = Text("请输入IC卡密码", "Password of the card")
READING = Text("正在读卡，可以先输入密码……", "reading the card; you may type already …")
TRIES = Text("还可以输入 {tries} 次", "{tries} tries are left")
LAST_TRY = Text("还可以输入 1 次", "1 try is left")
LOCKED = Text("该卡已锁，请到制卡中心解锁", "the card is locked; have it unlocked at the office")

SIGNING = Text("正在做签名，请勿进行其他操作……", "the card signs the order; please wait …")
RENEWING = Text("正在延期，请勿进行其他操作", "Renewing; please leave the card alone")
RENEWED = Text("您的证书有效期已延期到：\n{end}", "Your certificate is now valid until\n{end}")
DATE = Text("%Y年%m月%d日", "%Y-%m-%d")
NEW_PASSWORD = Text(
    "IC卡密码已恢复为初始密码（8个8）。请勿再输入旧密码：会计为输错，输错三次锁卡。",
    "The password is eight 8s again. Do not type the old one: it counts as wrong, and three wrong ones lock the card.",
)

LEAVE_NOW = Text("延期还没有办完。现在退出会怎样？", "The renewal is not finished. What if you quit now?")
STAY = Text("继续办理", "Go on")
LEAVE = Text("办完本步就退出", "Quit after this step")
LEAVING = Text("办完本步就退出……", "quitting after this step …")
LEFT: dict[Left, Text] = {
    Left.OLD: Text(
        "卡上仍是原证书、原密码，均可照常使用。",
        "The card has its old certificate and password, and works as before.",
    ),
    Left.EITHER: Text(
        "卡上是完整的原证书或新证书；若已启用新证书，密码为8个8。",
        "The card has the old certificate or the new one, whole; with the new one its password is eight 8s.",
    ),
    Left.NEW: Text(
        "卡上已是新证书，密码为8个8，只差登记。",
        "The card has its new certificate, and its password is eight 8s; only the office has yet to write it down.",
    ),
}
AGAIN = Text(
    "再次登录并点击“法人卡延期”，即从中断处接着办理。",
    'Log in again and press "Renew this card": it goes on from there.',
)
UNFINISHED = Text("延期没有办完。", "The renewal is not finished.")

PARTS: dict[Part, Text] = {
    Part.OFFICE: Text("制卡中心登记系统", "the office's registry"),
    Part.AUTHORITY: Text("证书签发系统", "the authority"),
    Part.CARD: Text("读卡器和IC卡", "reader and card"),
}

PROBLEMS: dict[type[HostError], str] = {
    CardRemoved: "IC卡已拔出或断电，请插好卡后重新登录",
    SkfRemoved: "IC卡已拔出或断电，请插好卡后重新登录",
    NoReader: "没有找到读卡器，请检查连接",
    NoCard: "读卡器中没有卡，请插入IC卡",
    NoService: "智能卡服务没有启动",
    CardBusy: "其他程序正在使用该卡，请关闭后重试",
    NotRegistered: "该卡没有在制卡中心登记",
    RegistryProblem: "制卡中心登记系统无法使用，请稍后再试",
    ImageProblem: "卡映像无法打开",
    BadResponse: "卡的应答无法识别，请换卡再试",
    HostError: "办理失败",
}
"""What a problem is called in Chinese; the error's own text stands below it."""


def tries_left(tries: int) -> Text:
    """How many times a password may be given."""
    return LAST_TRY if tries == 1 else TRIES.with_values(tries=tries)


def say_problem(error: HostError, lang: Lang) -> str:
    """A problem for the user. What the office or the card's password says is in their language already."""
    if lang is Lang.EN or isinstance(error, (OfficeRefused, PinError)):
        return str(error)
    kind = next(each for each in type(error).__mro__ if each in PROBLEMS)
    return f"{PROBLEMS[kind]}\n({error})"
