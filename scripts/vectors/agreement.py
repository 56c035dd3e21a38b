"""SM2 key exchange vectors."""

from __future__ import annotations

from scripts.vectors.shape import DEFAULT_ID, ENGINE, File, Test, entropy, file, group, made, published
from scripts.vectors.shape import test as case
from scripts.vectors.sm2 import NOTES, STANDARD, bad_points
from simcard.hal.engine import KeyKind
from simcard.wire.secret import Secret

EXAMPLE = {
    "privateA": "81EB26E941BB5AF16DF116495F90695272AE2CD63D6C4AE1678418BE48230029",
    "privateB": "785129917D45A9EA5437A59356B82338EAADDA6CEB199088F14AE10DEFA229B5",
    "ephemeralA": "D4DE15474DB74D06491C440D305E012400990F3E390C7E87153C12DB2EA60BB3",
    "ephemeralB": "7E07124814B309489125EAED101113164EBF0F3458C5BD88335C1F9D596243D6",
    "publicA": "04160E12897DF4EDB61DD812FEB96748FBD3CCF4FFE26AA6F6DB9540AF49C94232"
    "4A7DAD08BB9A459531694BEB20AA489D6649975E1BFCF8C4741B78B4B223007F",
    "publicB": "046AE848C57C53C7B1B5FA99EB2286AF078BA64C64591B8B566F7357D576F16DFB"
    "EE489D771621A27B36C5C7992062E9CD09A9264386F3FBEA54DFF69305621C4D",
    "pointA": "0464CED1BDBC99D590049B434D0FD73428CF608A5DB8FE5CE07F15026940BAE40E"
    "376629C7AB21E7DB260922499DDB118F07CE8EAAE3E7720AFEF6A5CC062070C0",
    "pointB": "04ACC27688A6F7B706098BC91FF3AD1BFF7DC2802CDB14CCCCDB0A90471F9BD707"
    "2FEDAC0494B2FFC4D6853876C79B8F301C6573AD0AA50F39FC87181E1A1B46FE",
    "key": "6C89347354DE2484C60B4AB1FDE4C6E5",
    "sb": "D3A0FE15DEE185CEAE907A6B595CC32A266ED7B3367E9983A896DC32FA20F8EB",
    "sa": "18C7894B3816DF16CF07B05C5EC0BEF5D655D58F779CC1B400A4F3884644DB88",
}


def agreed(label: str, ident_a: bytes, ident_b: bytes, length: int) -> Test:
    """A run of the protocol with fresh keys."""
    source = entropy(label)
    (d_a, p_a), (d_b, p_b), (r_a, q_a), (r_b, q_b) = (ENGINE.generate(KeyKind.SM2, 256, source) for _ in range(4))
    out = ENGINE.sm2_agree(d_a, r_a, ident_a, p_b, q_b, ident_b, length, initiator=True)
    values: dict[str, bytes] = {
        "privateA": d_a.reveal(),
        "privateB": d_b.reveal(),
        "ephemeralA": r_a.reveal(),
        "ephemeralB": r_b.reveal(),
        "publicA": p_a,
        "publicB": p_b,
        "pointA": q_a,
        "pointB": q_b,
        "key": out.key.reveal(),
        "sb": out.sb,
        "sa": out.sa,
    }
    return case(label, "valid", "Normal", identA=ident_a, identB=ident_b, **values)


def key_exchange() -> File:
    """sm2_key_exchange.json."""
    example = {name: bytes.fromhex(value) for name, value in EXAMPLE.items()}
    ids = {"identA": DEFAULT_ID, "identB": DEFAULT_ID}
    made_ones = [
        agreed(f"{length} bytes, identifiers of {len(a)} and {len(b)}", a, b, length)
        for length, a, b in ((1, b"A", b"B"), (16, DEFAULT_ID, b""), (32, b"x" * 100, DEFAULT_ID), (100, b"", b""))
    ]
    refused = [
        case(f"{which} {why}", "invalid", flag, **{**ids, **example, which: point})
        for which in ("publicB", "pointB")
        for why, flag, point in bad_points(example[which])
    ]
    groups = [
        group("Sm2Agree", published(f"{STANDARD}, annex B"), [case("annex B.2", "valid", "Normal", **ids, **example)]),
        group("Sm2Agree", made("the formulas of GM/T 0003.3 over gmssl 3.2.2"), made_ones),
        group("Sm2Agree", made("refused by construction"), refused),
    ]
    assert ENGINE.public_of(KeyKind.SM2, Secret(example["privateA"])) == example["publicA"]
    header = [
        "SM2 key exchange, GM/T 0003.3; A is the initiator.",
        "pointA, pointB: R of each side; sb, sa: the proofs.",
    ]
    return file("SM2", "sm2_agree_schema", header, NOTES, groups)
