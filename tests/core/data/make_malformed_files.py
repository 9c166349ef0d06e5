#!/usr/bin/env python3
"""Writes malformed_files.json: small .safetensors, .npy and .npz images, each with the verdict of the formats' reference
readers (the packages safetensors and numpy) and the verdict that Ferrule's readers must give. The two differ only where a
note says why. Usage: make_malformed_files.py > malformed_files.json"""
import io
import json
import random
import struct
import sys
import tempfile
import zipfile
import zlib

import numpy as np
from safetensors import safe_open

cases = []


def reference_accepts(fmt, data):
    try:
        with tempfile.NamedTemporaryFile(suffix="." + fmt) as f:
            f.write(data)
            f.flush()
            if fmt == "safetensors":
                with safe_open(f.name, framework="numpy") as s:
                    for k in s.keys():
                        s.get_tensor(k)
            elif fmt == "npy":
                np.load(f.name, allow_pickle=False)
            else:
                with np.load(f.name, allow_pickle=False) as z:
                    for k in z.files:
                        if not isinstance(z[k], np.ndarray):
                            return False
        return True
    except Exception:
        return False


def case(fmt, name, data, accept=None, note=None):
    """accept: Ferrule's verdict where it differs from the reference's, with the reason as note."""
    reference = reference_accepts(fmt, data)
    ours = reference if accept is None else accept
    entry = {"format": fmt, "name": name, "reference": reference, "accept": ours, "hex": data.hex()}
    if ours != reference:
        assert note, (fmt, name, reference)
        entry["note"] = note
    cases.append(entry)


# ---------------------------------------------------------------- safetensors
def st(header, data=b"", length=None, pad=True):
    text = header if isinstance(header, bytes) else json.dumps(header, separators=(",", ":")).encode()
    if pad:
        text += b" " * (-len(text) % 8)
    return struct.pack("<Q", len(text) if length is None else length) + text + data


def t(dtype="F32", shape=(2,), offsets=(0, 8), **more):
    return {"dtype": dtype, "shape": list(shape), "data_offsets": list(offsets), **more}


D8 = bytes(range(8))
STRICT_KEYS = "duplicate keys hide data; refused always"


def safetensors_cases():
    c = lambda name, data, *a: case("safetensors", name, data, *a)
    good = st({"a": t()}, D8)
    c("valid", good)
    for n in range(0, len(good), 3):
        c(f"cut at {n}", good[:n])
    c("trailing byte", good + b"\0")
    c("empty object", st({}))
    c("empty object with data", st({}, D8))
    c("zero header length", st(b"", pad=False))
    c("header length beyond file", st({"a": t()}, D8, length=10_000))
    for n in (2**63, 2**64 - 1, 100_000_001, 2**32):
        c(f"header length {n}", st({"a": t()}, D8, length=n))
    c("header length one short", st({"a": t()}, D8, length=len(good) - 17))
    c("not json", st(b"hello   "))
    c("json array", st(b"[]"))
    c("json string", st(b'"a"'))
    c("json null", st(b"null"))
    c("leading space", st(b' {"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}', D8))
    c("byte order mark", st(b'\xef\xbb\xbf{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}', D8))
    c("trailing comma", st(b'{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},}', D8))
    c("two documents", st(b'{}{}'))
    c("nul padding", st(b'{}\0\0\0\0\0\0'))
    c("tab padding", st(b'{}\t\t\n\r  '))
    c("comment", st(b'{/*x*/}'))
    c("single quotes", st(b"{'a':1}"))
    c("invalid utf-8 name", st(b'{"\xff":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}', D8))
    c("overlong utf-8 name", st(b'{"\xc0\x80":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}', D8))
    c("escaped name", st(b'{"\\u00e9":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}', D8))
    c("lone surrogate", st(b'{"\\ud800":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}', D8))
    c("surrogate pair", st(b'{"\\ud83d\\ude00":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}', D8))
    c("control character in name", st(b'{"a\x01":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}', D8))
    c("empty name", st({"": t()}, D8))
    # dtypes
    for d, n in [("BOOL", 1), ("U8", 1), ("I8", 1), ("U16", 2), ("I16", 2), ("F16", 2), ("U32", 4), ("I32", 4), ("F32", 4),
                 ("U64", 8), ("I64", 8), ("F64", 8), ("C64", 8)]:
        c(f"dtype {d}", st({"a": t(d, (2,), (0, 2 * n))}, bytes(2 * n)))
        c(f"dtype {d} one byte short", st({"a": t(d, (2,), (0, 2 * n - 1))}, bytes(2 * n - 1)))
    case("safetensors", "dtype BF16", st({"a": t("BF16", (2,), (0, 4))}, bytes(4)), True,
         "the reference's NumPy bindings have no bfloat16; its parser accepts it")
    for d in ("F8_E4M3", "F4"):
        data = st({"a": t(d, (2,), (0, 2 if d != "F4" else 1))}, bytes(2 if d != "F4" else 1))
        case("safetensors", f"dtype {d}", data, False, "no such dtype here")
    for d in ("f32", "FLOAT", "", "I128", "F32 ", "float32"):
        c(f"dtype {d!r}", st({"a": t(d)}, D8))
    for bad in (12, None, ["F32"], {"F32": 1}, True):
        c(f"dtype of json type {type(bad).__name__}", st({"a": t(bad)}, D8))
    # shapes
    c("0-d", st({"a": t(shape=(), offsets=(0, 4))}, bytes(4)))
    c("0-d with 8 bytes", st({"a": t(shape=())}, D8))
    c("empty tensor", st({"a": t(shape=(0,), offsets=(0, 0))}))
    c("empty tensor of many axes", st({"a": t(shape=(3, 0, 5), offsets=(0, 0))}))
    c("empty tensor with data", st({"a": t(shape=(0,))}, D8))
    c("shape too large", st({"a": t(shape=(3,))}, D8))
    c("shape too small", st({"a": t(shape=(1,))}, D8))
    for s in ((-2,), (2.0,), ("2",), (None,), (True, 2), ([2],), (2**64,), (2**63,), (2**32 + 2,), (2**62, 4),
              (2**32, 2**32), (2**63, 2), (1e3,)):
        c(f"shape {s}", st({"a": t(shape=s)}, D8))
    case("safetensors", "empty tensor with overflowing extents", st({"a": t(shape=(2**62, 2**62, 0), offsets=(0, 0))}))
    c("shape [0, 2^63]", st({"a": t(shape=(0, 2**63), offsets=(0, 0))}), False if reference_accepts(
        "safetensors", st({"a": t(shape=(0, 2**63), offsets=(0, 0))})) else None, "extents are 63 bits wide")
    case("safetensors", "eleven axes", st({"a": t(shape=(1,) * 10 + (2,))}, D8), False, "arrays have at most 10 axes")
    c("ten axes", st({"a": t(shape=(1,) * 9 + (2,))}, D8))
    c("shape object", st({"a": {"dtype": "F32", "shape": {}, "data_offsets": [0, 8]}}, D8))
    c("shape number", st({"a": {"dtype": "F32", "shape": 2, "data_offsets": [0, 8]}}, D8))
    c("minus zero", st(b'{"a":{"dtype":"F32","shape":[-0],"data_offsets":[0,0]}}'))
    c("leading zero", st(b'{"a":{"dtype":"F32","shape":[02],"data_offsets":[0,8]}}', D8))
    # offsets
    for o in ((0, 4), (0, 12), (4, 8), (1, 9), (8, 0), (8, 16), (0, 2**64 - 1), (2**64 - 8, 0), (2**63, 2**63 + 8),
              (-8, 0), (0, -1), (0,), (), (0, 8, 8), (0.0, 8), ("0", "8"), (0, None), (2**64, 2**64 + 8)):
        c(f"offsets {o}", st({"a": t(offsets=o)}, D8))
    two = lambda a, b, n: st({"a": t(offsets=a), "b": t(offsets=b)}, bytes(n))
    c("two tensors", two((0, 8), (8, 16), 16))
    c("two tensors, reverse order", two((8, 16), (0, 8), 16))
    c("hole at the start", two((8, 16), (16, 24), 24))
    c("hole in the middle", two((0, 8), (12, 20), 20))
    c("hole at the end", two((0, 8), (8, 16), 24))
    c("overlap by half", two((0, 8), (4, 12), 12))
    c("same bytes twice", two((0, 8), (0, 8), 8))
    c("gap of one byte", two((0, 8), (9, 17), 17))
    c("empty between", st({"a": t(), "e": t(shape=(0,), offsets=(8, 8)), "b": t(offsets=(8, 16))}, bytes(16)))
    c("empty beyond the end", st({"a": t(), "e": t(shape=(0,), offsets=(99, 99))}, D8))
    c("empty inside another", st({"a": t(), "e": t(shape=(0,), offsets=(4, 4))}, D8))
    # fields
    for gone in ("dtype", "shape", "data_offsets"):
        e = t()
        del e[gone]
        c(f"no {gone}", st({"a": e}, D8))
        one = json.dumps(t())[1:-1]
        dup = ('{"a":{%s,"%s":%s}}' % (one, gone, json.dumps(t()[gone]))).encode()
        c(f"{gone} twice", st(dup, D8))
    c("unknown field", st({"a": t(extra=1)}, D8))
    c("unknown nested field", st({"a": t(extra={"x": [1, {"y": None}]})}, D8))
    c("unknown field first", st(b'{"a":{"zzz":[[],{}],"dtype":"F32","shape":[2],"data_offsets":[0,8]}}', D8))
    c("offsets null", st({"a": {"dtype": "F32", "shape": [2], "data_offsets": None}}, D8))
    c("tensor null", st({"a": None}))
    c("tensor number", st({"a": 3}))
    c("tensor array", st({"a": ["F32", [2], [0, 8]]}, D8), False if reference_accepts(
        "safetensors", st({"a": ["F32", [2], [0, 8]]}, D8)) else None, "a struct as a JSON array is no tensor")
    c("tensor string", st({"a": "x"}))
    c("nested tensors", st({"a": {"b": t()}}, D8))
    one = b'"a":{"dtype":"F32","shape":[2],"data_offsets":[%d,%d]}'
    dup = st(b"{" + one % (0, 8) + b"," + one % (8, 16) + b"}", bytes(16))
    c("name twice", dup, False if reference_accepts("safetensors", dup) else None, STRICT_KEYS)
    dup = st(b"{" + one % (0, 8) + b"," + one % (0, 8) + b"}", D8)
    c("name twice, same bytes", dup, False if reference_accepts("safetensors", dup) else None, STRICT_KEYS)
    dup = st(b'{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"\\u0061":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}', D8)
    c("name twice, once escaped", dup, False if reference_accepts("safetensors", dup) else None, STRICT_KEYS)
    # metadata
    m = lambda meta: st({"__metadata__": meta, "a": t()}, D8)
    c("metadata", m({"k": "v", "": ""}))
    c("metadata empty", m({}))
    c("metadata null", m(None))
    for bad in (1, "x", [], {"k": 1}, {"k": None}, {"k": {}}, {"k": ["v"]}, True):
        c(f"metadata {bad!r}", m(bad))
    c("metadata alone", st({"__metadata__": {"k": "v"}}))
    dup = st(b'{"__metadata__":{"k":"v"},"__metadata__":{}}')
    c("metadata twice", dup, False if reference_accepts("safetensors", dup) else None, STRICT_KEYS)
    dup = st(b'{"__metadata__":{"k":"v","k":"w"}}')
    c("metadata key twice", dup, False if reference_accepts("safetensors", dup) else None, STRICT_KEYS)
    c("deep unknown field", st(b'{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8],"z":' + b"[" * 400 + b"]" * 400 + b"}}", D8))
    rng = random.Random(1)
    for i in range(40):
        b = bytearray(good)
        for _ in range(rng.randint(1, 2)):
            b[rng.randrange(len(b) - 8)] = rng.randrange(256)
        c(f"random bytes {i}", bytes(b))


# ---------------------------------------------------------------- npy
def npy(header, data=b"", version=(1, 0), length=None, magic=b"\x93NUMPY"):
    text = header if isinstance(header, bytes) else header.encode()
    n = len(text) if length is None else length
    return magic + bytes(version) + (struct.pack("<H", n) if version[0] == 1 else struct.pack("<I", n)) + text + data


def h(descr="'<f4'", fortran="False", shape="(2,)", extra="", end="\n"):
    return "{'descr': %s, 'fortran_order': %s, 'shape': %s, %s}%s" % (descr, fortran, shape, extra, end)


TRAILING = "numpy ignores what follows the data; here nothing may follow"
PLAIN = "only what NumPy's writers produce is parsed"


def npy_cases():
    c = lambda name, data, *a: case("npy", name, data, *a)
    buf = io.BytesIO()
    np.save(buf, np.arange(6, dtype=np.float32).reshape(2, 3))
    good = buf.getvalue()
    c("valid", good)
    for n in list(range(0, 16)) + list(range(16, len(good), 9)):
        c(f"cut at {n}", good[:n])
    c("trailing byte", good + b"\0", False, TRAILING)
    c("short header", npy(h(), D8))
    for v in ((2, 0), (3, 0), (1, 1), (0, 1), (4, 0), (2, 1), (255, 255)):
        c(f"version {v}", npy(h(), D8, version=v))
    c("bad magic", npy(h(), D8, magic=b"\x93NUMPX"))
    c("no magic", b"not an array at all")
    c("empty", b"")
    c("header length beyond file", npy(h(), D8, length=60000))
    c("header length 0", npy("", D8))
    c("header length 2^32 - 1", npy(h(), D8, version=(2, 0), length=2**32 - 1))
    c("header of 10000", npy(h(end=" " * (10000 - len(h()) ) + "\n"), D8))
    c("header of 10001", npy(h(end=" " * (10001 - len(h()) ) + "\n"), D8))
    for d in ("|b1", "?", "|i1", "i1", "<i1", ">i1", "<i2", "<i4", "<i8", "|u1", "<u2", "<u4", "<u8", "<f2", "<f4", "<f8", "<c8",
              ">i2", ">i4", ">i8", ">u4", ">f2", ">f4", ">f8", ">c8", "=f4", "|f4", "f4"):
        try:
            size = np.dtype(d).itemsize
        except TypeError:
            size = 4
        data = npy(h(descr=repr(d)), bytes(2 * size))
        if d == "?":
            case("npy", f"dtype {d}", data, False, PLAIN)
        else:
            c(f"dtype {d}", data)
    case("npy", "dtype <V2", npy(h(descr="'<V2'"), bytes(4)), True, None)
    for d in ("<c16", "<f16", "|O", "<U4", "|S3", "<M8[s]", "|V3"):
        size = np.dtype(d).itemsize
        data = npy(h(descr=repr(d)), bytes(2 * size))
        case("npy", f"dtype {d}", data, False, "no such dtype here")
    for d in ("'float32'", "'f'", "'d'"):
        n = np.dtype(eval(d)).itemsize
        case("npy", f"dtype {d}", npy(h(descr=d), bytes(2 * n)), False, PLAIN)
    for d in ("'<x4'", "''", "'<'", "'<f3'", "'<f'", "4", "None", "True", "['<f4']", "'<<f4'", "b'<f4'"):
        data = npy(h(descr=d), D8)
        c(f"descr {d}", data, False if reference_accepts("npy", data) else None, PLAIN)
    data = npy(h(descr="[('x', '<f4')]"), D8)
    case("npy", "structured dtype", data, False, "no structured dtypes here")
    for f in ("True", "False"):
        c(f"fortran {f}", npy(h(fortran=f, shape="(2, 1)"), D8))
    for f in ("0", "1", "None", "'False'", "true", "false", "Falsey", ""):
        c(f"fortran {f!r}", npy(h(fortran=f), D8))
    for s in ("()", "(1,)", "(2)", "2", "[2]", "(3,)", "(2, 1)", "(2, 1,)", "(1, 1, 2)", "( 2 , )", "(2,,)", "(,)", "(2 1)", "('2',)",
              "(2.0,)", "(None,)", "(+2,)", "(1+1,)", "(02,)", "(0,)", "(0, 5)", "(18446744073709551616,)",
              "(9223372036854775807,)", "(9223372036854775808,)", "(4611686018427387905,)", "(4294967298,)",
              "(4294967296, 4294967296)", "(1e1,)", "(2", "2,)", "((2,),)", "(2,)(2,)", "{2}", "(2L,)", "(-1,)", "(-2,)", "(-0,)"):
        n = {"()": 4, "(1,)": 4, "(0,)": 0, "(0, 5)": 0}.get(s, 8)
        data = npy(h(shape=s), bytes(n))
        if s in ("(-1,)", "(-2,)", "(-0,)", "(+2,)"):
            c(f"shape {s}", data, False if reference_accepts("npy", data) else None, "a signed extent is no extent")
        else:
            c(f"shape {s}", data)
    data = npy(h(shape="(0x2,)"), D8)
    case("npy", "shape (0x2,)", data, False, PLAIN)
    data = npy(h(shape="(True, 2)"), D8)
    case("npy", "shape (True, 2)", data, False if reference_accepts("npy", data) else None, PLAIN)
    c("shape (0, huge)", npy(h(shape="(0, 4611686018427387904, 8)")))
    case("npy", "eleven axes", npy(h(shape="(1,1,1,1,1,1,1,1,1,1,2)"), D8), False, "arrays have at most 10 axes")
    c("extra key", npy(h(extra="'x': 1"), D8))
    dup = npy(h(extra="'shape': (2,)"), D8)
    c("key twice", dup, False if reference_accepts("npy", dup) else None, "duplicate keys hide data; refused always")
    for text in ("{'descr': '<f4', 'fortran_order': False}\n", "{'descr': '<f4', 'shape': (2,)}\n", "{}\n", "()\n", "\n",
                 "{'fortran_order': False, 'shape': (2,)}\n", "{'descr': '<f4' 'fortran_order': False, 'shape': (2,)}\n",
                 "{'descr': '<f4', 'fortran_order': False, 'shape': (2,)\n", "'descr': '<f4', 'fortran_order': False, 'shape': (2,)}\n",
                 "{'descr': '<f4', 'fortran_order': False, 'shape': (2,)}}\n", "{'descr': '<f4', 'fortran_order': False, 'shape': (2,)} x\n",
                 "{'descr': '<f4, 'fortran_order': False, 'shape': (2,)}\n", "{'descr\": '<f4', 'fortran_order': False, 'shape': (2,)}\n",
                 "{'descr': '<f4', 'fortran_order': False, 'shape': (2,),,}\n", "__import__('os').system('true')\n",
                 '{"descr": "<f4", "fortran_order": False, "shape": (2,)}\n', "{'shape': (2,), 'descr': '<f4', 'fortran_order': False}\n",
                 "{'descr': '<f4', 'fortran_order': False, 'shape': (2,)}", "{ 'descr' : '<f4' , 'fortran_order' : False , 'shape' : (2, ) , }\n",
                 "{'descr': '<f4', 'fortran_order': False, 'shape': (2,)}\0\n"):
        c(f"header {text!r}", npy(text, D8))
    rng = random.Random(2)
    base = npy(h(), D8)
    for i in range(40):
        b = bytearray(base)
        b[rng.randrange(len(b) - 8)] = rng.randrange(256)
        data = bytes(b)
        ours = None
        if reference_accepts("npy", data):
            ours = True
        c(f"random byte {i}", data)


# ---------------------------------------------------------------- npz
def npz(compressed=False, names=("a", "b")):
    buf = io.BytesIO()
    arrays = {n: np.arange(3 + i, dtype=np.int16) for i, n in enumerate(names)}
    (np.savez_compressed if compressed else np.savez)(buf, **arrays)
    return buf.getvalue()


def rezip(members, method=zipfile.ZIP_STORED):
    buf = io.BytesIO()
    with zipfile.ZipFile(buf, "w", method) as z:
        for name, data in members:
            z.writestr(zipfile.ZipInfo(name), data, method)
    return buf.getvalue()


ZIP = "the archive contradicts itself"


def npz_cases():
    def c(name, data, note=ZIP):
        """Whatever the reference accepts, these archives are damaged."""
        ref = reference_accepts("npz", data)
        case("npz", name, data, False if ref else None, note)

    good, packed = npz(), npz(True)
    case("npz", "stored", good)
    case("npz", "deflated", packed)
    case("npz", "no members", rezip([]))
    one = io.BytesIO()
    np.save(one, np.arange(4, dtype=np.uint8))
    one = one.getvalue()
    case("npz", "name without .npy", rezip([("x", one)]))
    case("npz", "utf-8 name", rezip([("\u00e9.npy", one)]))
    for label, data in (("stored", good), ("deflated", packed)):
        for n in range(0, len(data), 37):
            c(f"{label} cut at {n}", data[:n])
    c("stored trailing byte", good + b"x", "nothing may follow the end record")
    c("member is no array", rezip([("a.npy", b"hello")]))
    c("member truncated", rezip([("a.npy", one[:-1])]))
    c("member with trailing byte", rezip([("a.npy", one + b"\0")]), TRAILING)
    import warnings
    warnings.simplefilter("ignore")
    c("name twice", rezip([("a.npy", one), ("a.npy", one)]), "duplicate keys hide data; refused always")
    case("npz", "bzip2", rezip([("a.npy", one)], zipfile.ZIP_BZIP2), False, "only stored and deflated members are read")
    case("npz", "lzma", rezip([("a.npy", one)], zipfile.ZIP_LZMA), False, "only stored and deflated members are read")

    def patched(data, at, fmt, value):
        b = bytearray(data)
        struct.pack_into(fmt, b, at, value)
        return bytes(b)

    end = good.rfind(b"PK\5\6")
    central = good.find(b"PK\1\2")
    data0 = good.find(b"\x93NUMPY")
    c("wrong checksum in the directory", patched(good, central + 16, "<I", 1))
    c("data changed", patched(good, data0 + 100, "<B", 0x7F))
    c("deflated data changed", patched(packed, packed.find(b"PK\1\2") // 2, "<B", 0xAA))
    c("size larger", patched(good, central + 24, "<I", 10_000))
    c("compressed size larger", patched(good, central + 20, "<I", 10_000))
    c("sizes 2^32 - 2", patched(patched(good, central + 20, "<I", 2**32 - 2), central + 24, "<I", 2**32 - 2))
    c("size 2^32 - 1 without zip64", patched(good, central + 24, "<I", 2**32 - 1))
    c("local offset beyond", patched(good, central + 42, "<I", 2**31))
    c("local offset off by one", patched(good, central + 42, "<I", 1))
    c("encrypted", patched(good, central + 8, "<H", 1))
    c("method 99", patched(good, central + 10, "<H", 99))
    c("method deflated on stored data", patched(good, central + 10, "<H", 8))
    c("count larger", patched(patched(good, end + 10, "<H", 9), end + 8, "<H", 9))
    c("count smaller", patched(patched(good, end + 10, "<H", 1), end + 8, "<H", 1))
    c("directory offset larger", patched(good, end + 16, "<I", 10_000))
    c("directory size smaller", patched(good, end + 12, "<I", 10))
    c("second disk", patched(good, end + 4, "<H", 1))
    c("comment length larger", patched(good, end + 20, "<H", 5))
    c("local signature", patched(good, 0, "<I", 0))
    c("central signature", patched(good, central, "<I", 0))
    c("local name differs", patched(good, 30, "<B", ord("z")))
    c("central name length", patched(good, central + 28, "<H", 60000))
    second = good.find(b"PK\1\2", central + 4)
    c("both members in one place", patched(good, second + 42, "<I", 0))
    bomb = zlib.compressobj(9, zlib.DEFLATED, -15)
    squeezed = bomb.compress(bytes(1000)) + bomb.flush()
    z = rezip([("a.npy", bytes(1000))], zipfile.ZIP_DEFLATED)
    c("size of a bomb", patched(z, z.find(b"PK\1\2") + 24, "<I", 2**31))
    rng = random.Random(3)
    for i in range(30):
        b = bytearray(packed)
        at = rng.randrange(len(b))
        b[at] ^= 1 << rng.randrange(8)
        data = bytes(b)
        # A flipped bit in a date, an attribute or a version field is no damage. Those listed make the two headers of a
        # member disagree, or the directory's sizes.
        strict = i in (5, 12, 15, 23, 26)
        case("npz", f"bit flip {i} at {at}", data, False if strict else None, ZIP)


safetensors_cases()
npy_cases()
npz_cases()
json.dump(cases, sys.stdout, indent=0)
sys.stdout.write("\n")
print(len(cases), "cases,", sum(not c["accept"] for c in cases), "to be refused,",
      sum(c["accept"] != c["reference"] for c in cases), "differ from the reference", file=sys.stderr)
