from __future__ import annotations

from math import inf, nan

import pytest

from innkeeper.contracts.encode import encode_result
from innkeeper.errors import ContractError
from innkeeper_core.values import Type

STRING, U8, U32, S64, F64 = (Type(kind) for kind in ("string", "u8", "u32", "s64", "f64"))
BYTES = Type("list", [U8])
SAFE = 2**53


@pytest.mark.parametrize(
    "ty",
    [
        None,
        STRING,
        Type("bool"),
        Type("char"),
        U32,
        Type("enum", (), ["a"]),
        Type("flags", (), ["a"]),
        Type("list", [STRING]),
        Type("list", [U8], length=2),
        Type("option", [U32]),
        Type("map", [STRING, STRING]),
        Type("record", [STRING, Type("list", [U32])], ["a", "b"]),
    ],
)
def test_what_is_json_already_has_no_encoder(ty: Type | None) -> None:
    assert encode_result(ty) is None


@pytest.mark.parametrize(
    ("ty", "plain", "json_ready"),
    [
        (S64, SAFE, SAFE),
        (S64, -SAFE, -SAFE),
        (S64, SAFE + 1, str(SAFE + 1)),
        (Type("u64"), 2**64 - 1, "18446744073709551615"),
        (F64, 1.5, 1.5),
        (F64, nan, "NaN"),
        (Type("f32"), inf, "Infinity"),
        (F64, -inf, "-Infinity"),
        (BYTES, b"\0\1\xff", "AAH/"),
        (Type("list", [F64]), [1.0, nan], [1.0, "NaN"]),
        (Type("tuple", [STRING, U8]), ("a", 1), ["a", 1]),
        (Type("tuple", [STRING, BYTES]), ("a", b"A"), ["a", "QQ=="]),
        (Type("record", [U8, BYTES], ["n", "b"]), {"n": 1, "b": b"A"}, {"n": 1, "b": "QQ=="}),
        (Type("option", [BYTES]), None, None),
        (Type("option", [BYTES]), b"A", "QQ=="),
        (Type("option", [Type("option", [U8])]), None, None),
        (Type("option", [Type("option", [U8])]), ("some", None), {"some": None}),
        (Type("option", [Type("option", [BYTES])]), ("some", b"A"), {"some": "QQ=="}),
        (Type("variant", [None, BYTES], ["a", "b"]), ("a", None), {"tag": "a"}),
        (Type("variant", [None, BYTES], ["a", "b"]), ("b", b"A"), {"tag": "b", "value": "QQ=="}),
        (Type("variant", [Type("option", [U8])], ["a"]), ("a", None), {"tag": "a", "value": None}),
        (Type("result", [None, BYTES]), ("ok", None), {"ok": None}),
        (Type("result", [None, BYTES]), ("error", b"A"), {"error": "QQ=="}),
        (Type("map", [STRING, BYTES]), {"k": b"A"}, {"k": "QQ=="}),
        (Type("map", [U8, S64]), [(1, SAFE + 1)], [[1, str(SAFE + 1)]]),
    ],
)
def test_plain_data_becomes_the_json_of_the_table(
    ty: Type, plain: object, json_ready: object
) -> None:
    encode = encode_result(ty)
    assert encode is not None
    assert encode(plain) == json_ready


def test_encoding_leaves_the_plain_data_alone() -> None:
    plain = {"b": b"A"}
    encode = encode_result(Type("record", [BYTES], ["b"]))
    assert encode is not None
    encode(plain)
    assert plain == {"b": b"A"}


def test_a_resource_handle_cannot_be_encoded() -> None:
    with pytest.raises(ContractError, match="resource handle"):
        encode_result(Type("own", resource=1))
