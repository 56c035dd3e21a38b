"""The `openssl` program: a process a vector, keys and values in files of a folder of its own."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from pathlib import Path

from conformance.vector_judge import der
from conformance.vector_judge.judge import Operation, Refusal, Stumble, Unsupported, refuse_to_ask_compressed
from conformance.vector_judge.vector import Vector

PROGRAM = "openssl"
NO_FIXED_FORM = "values are DER there; this cannot be said in it"


class OpenSsl:
    """openssl; `folder` is where it finds its files, and nobody else may use it meanwhile."""

    name = "openssl"

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.version = self._run("version").decode().strip()

    @property
    def operations(self) -> Mapping[str, Operation]:
        return {
            "Sm2Verify": self._sm2_raw,
            "Sm2VerifyDer": lambda vector: self._sm2(vector, vector["sig"]),
            "Sm2VerifyDigest": self._sm2_digest,
            "Sm2Decrypt": self._sm2_open_raw,
            "Sm2DecryptDer": lambda vector: self._sm2_open(vector, vector["ct"]),
            "EcdsaVerifyDigest": self._ecdsa_raw,
            "EcdsaVerifyDigestDer": lambda vector: self._ecdsa(vector, vector["sig"]),
            "RsassaPkcs1Verify": self._pkcs1,
            "RsassaPssVerify": self._pss,
            "RsaesPkcs1Decrypt": self._open_pkcs1,
            "RsaesOaepDecrypt": self._open_oaep,
            "DigestTest": lambda vector: self._run("dgst", "-sm3", "-binary", feed=vector["msg"]),
            "MacTest": self._hmac,
            "CmacTest": self._cmac,
            "CbcMacTest": self._cbc_mac,
            "CipherTest": self._cipher,
            "CbcPaddingTest": self._cbc,
        }

    def _run(self, *arguments: str | Path, feed: bytes = b"") -> bytes:
        done = subprocess.run([PROGRAM, *map(str, arguments)], input=feed, capture_output=True, check=False)
        if done.returncode < 0:
            raise Stumble(f"ended by signal {-done.returncode}")
        if done.returncode:
            words = (done.stderr or done.stdout).decode(errors="replace").strip().splitlines()
            raise Refusal(words[-1] if words else f"exit code {done.returncode}")
        return done.stdout

    def _file(self, name: str, content: bytes) -> Path:
        path = self._folder / name
        path.write_bytes(content)
        return path

    def _public(self, key: bytes) -> tuple[str | Path, ...]:
        return ("-pubin", "-keyform", "DER", "-inkey", self._file("public", key))

    def _private(self, key: bytes) -> tuple[str | Path, ...]:
        return ("-keyform", "DER", "-inkey", self._file("private", key))

    def _verified(self, key: bytes, data: bytes, sig: bytes, *options: str) -> None:
        files = ("-in", self._file("data", data), "-sigfile", self._file("sig", sig))
        self._run("pkeyutl", "-verify", *self._public(key), *files, *options)

    # -- SM2 -----------------------------------------------------------------------------------------------------

    def _sm2_raw(self, vector: Vector) -> None:
        self._sm2(vector, _said(der.pair(vector["sig"], 32)))

    def _sm2(self, vector: Vector, sig: bytes) -> None:
        refuse_to_ask_compressed(vector)
        # An empty identifier is what the program takes when none is given; it has no way to be given an empty one.
        name = ("-pkeyopt", f"hexdistid:{vector.text('ident')}") if vector["ident"] else ()
        key = der.ec_public("sm2", vector["public"])
        self._verified(key, vector["msg"], sig, "-rawin", "-digest", "sm3", *name)

    def _sm2_digest(self, vector: Vector) -> None:
        key = der.ec_public("sm2", vector["public"])
        self._verified(key, vector["digest"], _said(der.pair(vector["sig"], 32)))

    def _sm2_open_raw(self, vector: Vector) -> bytes:
        return self._sm2_open(vector, _said(der.sm2_cipher(vector["ct"])))

    def _sm2_open(self, vector: Vector, cipher: bytes) -> bytes:
        key = der.ec_private("sm2", vector["private"], vector["public"])
        return self._run("pkeyutl", "-decrypt", *self._private(key), "-in", self._file("ct", cipher))

    # -- ECDSA and RSA -------------------------------------------------------------------------------------------

    def _ecdsa_raw(self, vector: Vector) -> None:
        self._ecdsa(vector, _said(der.pair(vector["sig"], 48 if "p384" in vector.file else 32)))

    def _ecdsa(self, vector: Vector, sig: bytes) -> None:
        refuse_to_ask_compressed(vector)
        key = der.ec_public("p384" if "p384" in vector.file else "p256", vector["public"])
        self._verified(key, vector["digest"], sig)

    def _signed(self, vector: Vector, *settings: str) -> None:
        options = ("-rawin", "-digest", vector.text("sha"), *_each("-pkeyopt", *settings))
        self._verified(der.rsa_public(vector["public"]), vector["msg"], vector["sig"], *options)

    def _pkcs1(self, vector: Vector) -> None:
        if vector.text("sha") == "sm3":
            raise Unsupported("RSA with SM3 is missing, or names another OID in DigestInfo")
        self._signed(vector)

    def _pss(self, vector: Vector) -> None:
        settings = (f"rsa_pss_saltlen:{vector.text('sLen')}", f"rsa_mgf1_md:{vector.text('mgfSha')}")
        self._signed(vector, "rsa_padding_mode:pss", *settings)

    def _opened(self, vector: Vector, *settings: str) -> bytes:
        files = (*self._private(vector["private"]), "-in", self._file("ct", vector["ct"]))
        return self._run("pkeyutl", "-decrypt", *files, *_each("-pkeyopt", *settings))

    def _open_pkcs1(self, vector: Vector) -> bytes:
        return self._opened(vector, "rsa_padding_mode:pkcs1")

    def _open_oaep(self, vector: Vector) -> bytes:
        label = (f"rsa_oaep_label:{vector.text('label')}",) if vector["label"] else ()
        hashes = (f"rsa_oaep_md:{vector.text('sha')}", f"rsa_mgf1_md:{vector.text('mgfSha')}")
        return self._opened(vector, "rsa_padding_mode:oaep", *hashes, *label)

    # -- symmetric -----------------------------------------------------------------------------------------------

    def _hmac(self, vector: Vector) -> bytes:
        key = ("-mac", "HMAC", "-macopt", f"hexkey:{vector.text('key')}")
        return self._run("dgst", "-sm3", *key, "-binary", feed=vector["msg"])

    def _cmac(self, vector: Vector) -> bytes:
        key = ("-cipher", "SM4-CBC", "-macopt", f"hexkey:{vector.text('key')}", "-binary")
        return self._run("mac", *key, "-in", self._file("data", vector["msg"]), "CMAC")

    def _enc(self, mode: str, vector: Vector, data: bytes, *options: str) -> bytes:
        # The program fills short keys and initial values with zeros and cuts long ones, with a warning.
        iv = ("-iv", vector.text("iv")) if mode != "ecb" else ()
        if len(vector["key"]) != 16 or (iv and len(vector["iv"]) != 16):
            raise Unsupported("keys and initial values of any length are stretched or cut, by design")
        return self._run("enc", f"-sm4-{mode}", "-K", vector.text("key"), *iv, *options, feed=data)

    def _cbc_mac(self, vector: Vector) -> bytes:
        if not vector["msg"]:
            raise Unsupported("the MAC is cut out of a ciphertext, and there is none")
        return self._enc("cbc", vector, vector["msg"], "-nopad")[-16:]

    def _cipher(self, vector: Vector) -> bytes:
        if vector.text("mode") == "ecb" and vector["iv"]:
            raise Unsupported("ECB has no place for an initial value")
        return self._enc(vector.text("mode"), vector, vector["msg"], "-nopad")

    def _cbc(self, vector: Vector) -> bytes:
        return self._enc("cbc", vector, vector["ct"], "-d")


def _said(encoded: bytes | None) -> bytes:
    if encoded is None:
        raise Unsupported(NO_FIXED_FORM)
    return encoded


def _each(option: str, *values: str) -> list[str]:
    """The option before every value."""
    return [word for value in values for word in (option, value)]
