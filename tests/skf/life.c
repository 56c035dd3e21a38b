/* The whole life of a token, by a program that knows nothing but the header. */
#include "program.h"

#define NAME "GM3000APP"

static ECCPUBLICKEYBLOB signing;
static BYTE digest[32];

static void information(DEVHANDLE device)
{
    DEVINFO info;
    ULONG state = 9;

    OK(SKF_SetLabel(device, "my token"));
    OK(SKF_GetDevInfo(device, &info));
    TRUTH(sizeof info == 294);
    TRUTH(info.Version.major == 1 && info.DevAuthAlgId == SGD_SM4_ECB);
    TRUTH(!strcmp(info.Label, "my token"));
    OK(SKF_GetDevState(info.SerialNumber, &state));
    TRUTH(state == DEV_PRESENT_STATE);
    OK(SKF_GetDevState("nobody", &state));
    TRUTH(state == DEV_ABSENT_STATE);
}

static HAPPLICATION application(DEVHANDLE device)
{
    HAPPLICATION made = NULL;
    char names[64];
    ULONG size = 0, most = 0, left = 0;
    BOOL initial = 0;

    EXPECT(SAR_USER_NOT_LOGGED_IN, SKF_CreateApplication(device, NAME, "87654321", 6, "123456", 6,
                                                         SECURE_USER_ACCOUNT, &made));
    authenticate(device);
    EXPECT(SAR_PIN_LEN_RANGE, SKF_CreateApplication(device, NAME, "87654321", 6, "12345", 6, SECURE_USER_ACCOUNT,
                                                    &made));
    OK(SKF_CreateApplication(device, NAME, "87654321", 6, "123456", 6, SECURE_USER_ACCOUNT, &made));
    EXPECT(SAR_APPLICATION_EXISTS, SKF_CreateApplication(device, NAME, "87654321", 6, "123456", 6,
                                                         SECURE_USER_ACCOUNT, &made));
    OK(SKF_EnumApplication(device, NULL, &size));
    TRUTH(size == strlen(NAME) + 2);
    size = 3;
    EXPECT(SAR_BUFFER_TOO_SMALL, SKF_EnumApplication(device, names, &size));
    TRUTH(size == strlen(NAME) + 2);
    OK(SKF_EnumApplication(device, names, &size));
    TRUTH(!memcmp(names, NAME "\0", size));
    OK(SKF_GetPINInfo(made, USER_TYPE, &most, &left, &initial));
    TRUTH(most == 6 && left == 6 && initial);
    return made;
}

static void pins(HAPPLICATION application)
{
    HCONTAINER container = NULL;
    ULONG tries = 99;

    EXPECT(SAR_USER_NOT_LOGGED_IN, SKF_CreateContainer(application, "c", &container));
    EXPECT(SAR_INVALIDPARAMERR, SKF_VerifyPIN(application, 2, "123456", &tries));
    EXPECT(SAR_PIN_INCORRECT, SKF_VerifyPIN(application, USER_TYPE, "000000", &tries));
    TRUTH(tries == 5);
    OK(SKF_VerifyPIN(application, ADMIN_TYPE, "87654321", &tries));
    EXPECT(SAR_USER_NOT_LOGGED_IN, SKF_CreateContainer(application, "c", &container));
    OK(SKF_ChangePIN(application, USER_TYPE, "123456", "abcdef", &tries));
    for (int i = 0; i < 5; i++)
        EXPECT(SAR_PIN_INCORRECT, SKF_VerifyPIN(application, USER_TYPE, "123456", &tries));
    EXPECT(SAR_PIN_INCORRECT, SKF_VerifyPIN(application, USER_TYPE, "123456", &tries));
    EXPECT(SAR_PIN_LOCKED, SKF_VerifyPIN(application, USER_TYPE, "abcdef", &tries));
    TRUTH(tries == 0);
    EXPECT(SAR_PIN_INCORRECT, SKF_UnblockPIN(application, "11111111", "123456", &tries));
    TRUTH(tries == 5);
    OK(SKF_UnblockPIN(application, "87654321", "123456", &tries));
    OK(SKF_VerifyPIN(application, USER_TYPE, "123456", &tries));
    OK(SKF_ClearSecureState(application));
    EXPECT(SAR_USER_NOT_LOGGED_IN, SKF_CreateContainer(application, "c", &container));
    OK(SKF_VerifyPIN(application, USER_TYPE, "123456", &tries));
}

static void import_pair(HCONTAINER container)
{
    BYTE raw[sizeof(ENVELOPEDKEYBLOB) + 15];

    tell("envelope", &signing, sizeof signing);
    TRUTH(hear(raw, sizeof raw) == sizeof raw);
    OK(SKF_ImportECCKeyPair(container, (PENVELOPEDKEYBLOB)raw));
    ((PENVELOPEDKEYBLOB)raw)->ECCCipherBlob.HASH[3] ^= 1;
    EXPECT(SAR_RSADECERR, SKF_ImportECCKeyPair(container, (PENVELOPEDKEYBLOB)raw));
}

static void decrypt(DEVHANDLE device, HCONTAINER container)
{
    BYTE raw[sizeof(ECCCIPHERBLOB) + 99], plain[100];
    ECCPUBLICKEYBLOB public;
    ULONG size = sizeof public;

    OK(SKF_ExportPublicKey(container, 0, (BYTE *)&public, &size));
    OK(SKF_ExtECCEncrypt(device, &public, (BYTE *)"for the card", 12, (PECCCIPHERBLOB)raw));
    OK(SKF_ECCDecrypt(container, (PECCCIPHERBLOB)raw, NULL, &size));
    TRUTH(size == 12);
    size = 11;
    EXPECT(SAR_BUFFER_TOO_SMALL, SKF_ECCDecrypt(container, (PECCCIPHERBLOB)raw, plain, &size));
    OK(SKF_ECCDecrypt(container, (PECCCIPHERBLOB)raw, plain, &size));
    TRUTH(size == 12 && !memcmp(plain, "for the card", 12));
    ((PECCCIPHERBLOB)raw)->HASH[3] ^= 1;
    EXPECT(SAR_RSADECERR, SKF_ECCDecrypt(container, (PECCCIPHERBLOB)raw, plain, &size));
}

static HCONTAINER container(DEVHANDLE device, HAPPLICATION application)
{
    HCONTAINER made = NULL;
    ECCPUBLICKEYBLOB again;
    ULONG kind = 9, size = sizeof again;

    OK(SKF_CreateContainer(application, "personalCert00", &made));
    EXPECT(SAR_CONTAINER_EXISTS, SKF_CreateContainer(application, "personalCert00", &made));
    OK(SKF_GetContainerType(made, &kind));
    TRUTH(kind == CONTAINER_TYPE_EMPTY);
    EXPECT(SAR_KEYNOTFOUNTERR, SKF_ExportPublicKey(made, 1, (BYTE *)&again, &size));
    EXPECT(SAR_NOTSUPPORTYETERR, SKF_GenECCKeyPair(made, 0x00020800, &signing));
    OK(SKF_GenECCKeyPair(made, 0x00020100, &signing));
    OK(SKF_GenECCKeyPair(made, SGD_SM2_1, &signing));
    OK(SKF_GetContainerType(made, &kind));
    TRUTH(kind == CONTAINER_TYPE_SM2);
    OK(SKF_ExportPublicKey(made, 1, (BYTE *)&again, &size));
    TRUTH(size == sizeof again && !memcmp(&again, &signing, size));
    import_pair(made);
    decrypt(device, made);
    return made;
}

static void certificates(HCONTAINER container)
{
    static BYTE given[3000], found[3000];
    ULONG size = 0;

    EXPECT(SAR_CERTNOTFOUNTERR, SKF_ExportCertificate(container, 1, NULL, &size));
    tell("certificate", "", 0);
    size_t length = hear(given, sizeof given);
    for (BOOL sign = 0; sign < 2; sign++) {
        OK(SKF_ImportCertificate(container, sign, given, length));
        OK(SKF_ExportCertificate(container, sign, NULL, &size));
        TRUTH(size == length);
        size--;
        EXPECT(SAR_BUFFER_TOO_SMALL, SKF_ExportCertificate(container, sign, found, &size));
        OK(SKF_ExportCertificate(container, sign, found, &size));
        TRUTH(!memcmp(found, given, size));
    }
}

static void signature(DEVHANDLE device, HCONTAINER container)
{
    ECCSIGNATUREBLOB made;
    HANDLE hash = NULL;
    ULONG size = 0;

    OK(SKF_DigestInit(device, SGD_SM3, &signing, (BYTE *)"1234567812345678", 16, &hash));
    OK(SKF_DigestUpdate(hash, (BYTE *)"the mes", 7));
    OK(SKF_DigestUpdate(hash, (BYTE *)"sage", 4));
    OK(SKF_DigestFinal(hash, NULL, &size));
    TRUTH(size == 32);
    OK(SKF_DigestFinal(hash, digest, &size));
    EXPECT(SAR_NOTINITIALIZEERR, SKF_DigestFinal(hash, digest, &size));
    OK(SKF_CloseHandle(hash));
    EXPECT(SAR_INDATALENERR, SKF_ECCSignData(container, digest, 31, &made));
    OK(SKF_ECCSignData(container, digest, 32, &made));
    OK(SKF_ECCVerify(device, &signing, digest, 32, &made));
    OK(SKF_ExtECCVerify(device, &signing, digest, 32, &made));
    tell("signature", &made, sizeof made);
    made.s[63] ^= 1;
    EXPECT(SAR_HASHNOTEQUALERR, SKF_ECCVerify(device, &signing, digest, 32, &made));
}

static void cipher(HCONTAINER container, HANDLE first, HANDLE second, ULONG padding, const char *iv)
{
    static BYTE plain[4000], sealed[4016], opened[4016];
    BLOCKCIPHERPARAM given = {{0}, 16, padding, 0};
    ULONG size = 0, all = 0, length = padding ? 3999 : 4000;

    (void)container;
    memcpy(given.IV, iv, 16);
    for (int i = 0; i < 4000; i++)
        plain[i] = (BYTE)(i * 7);
    OK(SKF_EncryptInit(first, given));
    OK(SKF_Encrypt(first, plain, length, NULL, &size));
    TRUTH(size == 4000);
    size = 100;
    EXPECT(SAR_BUFFER_TOO_SMALL, SKF_Encrypt(first, plain, length, sealed, &size));
    OK(SKF_Encrypt(first, plain, length, sealed, &size));
    EXPECT(SAR_NOTINITIALIZEERR, SKF_Encrypt(first, plain, length, sealed, &size));
    OK(SKF_DecryptInit(second, given));
    for (ULONG at = 0; at < 4000; at += 1000) {
        ULONG room = sizeof opened - all;
        OK(SKF_DecryptUpdate(second, sealed + at, 1000, opened + all, &room));
        all += room;
    }
    size = 0;
    if (padding)
        EXPECT(SAR_BUFFER_TOO_SMALL, SKF_DecryptFinal(second, opened + all, &size));
    else
        size = sizeof opened - all;
    OK(SKF_DecryptFinal(second, opened + all, &size));
    TRUTH(all + size == length && !memcmp(opened, plain, length));
}

static void sessions(HCONTAINER container, ULONG algorithm, ULONG padding)
{
    ECCPUBLICKEYBLOB exchange;
    BYTE raw[sizeof(ECCCIPHERBLOB) + 15];
    PECCCIPHERBLOB wrapped = (PECCCIPHERBLOB)raw;
    HANDLE first = NULL, second = NULL;
    ULONG size = sizeof exchange;

    OK(SKF_ExportPublicKey(container, 0, (BYTE *)&exchange, &size));
    OK(SKF_ECCExportSessionKey(container, algorithm, &exchange, wrapped, &first));
    TRUTH(wrapped->CipherLen == 16);
    OK(SKF_ImportSessionKey(container, algorithm, raw, sizeof raw, &second));
    cipher(container, first, second, padding, "0123456789abcdef");
    OK(SKF_CloseHandle(first));
    OK(SKF_CloseHandle(second));
    EXPECT(SAR_INVALIDHANDLEERR, SKF_CloseHandle(second));
}

static void macs(DEVHANDLE device)
{
    BLOCKCIPHERPARAM given = {{0}, 16, 0, 0};
    BYTE data[64] = {1, 2, 3}, whole[16], parts[16], sealed[64];
    HANDLE key = NULL, mac = NULL;
    ULONG size = 0;

    OK(SKF_SetSymmKey(device, (BYTE *)"an SM4 key of 16", SGD_SM4_CBC, &key));
    OK(SKF_MacInit(key, &given, &mac));
    OK(SKF_Mac(mac, data, 64, NULL, &size));
    TRUTH(size == 16);
    OK(SKF_Mac(mac, data, 64, whole, &size));
    OK(SKF_CloseHandle(mac));
    OK(SKF_MacInit(key, &given, &mac));
    OK(SKF_MacUpdate(mac, data, 48));
    OK(SKF_MacUpdate(mac, data + 48, 16));
    OK(SKF_MacFinal(mac, parts, &size));
    TRUTH(!memcmp(whole, parts, 16));
    OK(SKF_EncryptInit(key, given));
    EXPECT(SAR_NOTINITIALIZEERR, SKF_MacUpdate(mac, data, 16));
    size = sizeof sealed;
    OK(SKF_Encrypt(key, data, 64, sealed, &size));
    TRUTH(!memcmp(sealed + 48, whole, 16));
    OK(SKF_CloseHandle(key));
    EXPECT(SAR_INVALIDHANDLEERR, SKF_MacUpdate(mac, data, 16));
}

static void files(HAPPLICATION application)
{
    static BYTE given[500], found[500];
    FILEATTRIBUTE info;
    char names[64];
    ULONG size = sizeof names, tries = 0;

    memset(given, 0x5A, sizeof given);
    OK(SKF_CreateFile(application, "userinfo1", 400, SECURE_ANYONE_ACCOUNT, SECURE_USER_ACCOUNT));
    EXPECT(SAR_FILE_ALREADY_EXIST, SKF_CreateFile(application, "userinfo1", 4, SECURE_ANYONE_ACCOUNT, 0));
    OK(SKF_CreateFile(application, "locked", 10, SECURE_ADM_ACCOUNT, SECURE_NEVER_ACCOUNT));
    OK(SKF_GetFileInfo(application, "userinfo1", &info));
    TRUTH(info.FileSize == 400 && info.ReadRights == 0xFF && info.WriteRights == 0x10);
    TRUTH(!strcmp(info.FileName, "userinfo1"));
    OK(SKF_EnumFiles(application, names, &size));
    TRUTH(!memcmp(names, "locked\0userinfo1\0", size));
    OK(SKF_WriteFile(application, "userinfo1", 100, given, 300));
    EXPECT(SAR_NO_ROOM, SKF_WriteFile(application, "userinfo1", 200, given, 300));
    size = 0;
    OK(SKF_ReadFile(application, "userinfo1", 100, 300, NULL, &size));
    TRUTH(size == 300);
    size = sizeof found;
    OK(SKF_ReadFile(application, "userinfo1", 50, sizeof found, found, &size));
    TRUTH(size == 350 && !memcmp(found + 50, given, 300) && !found[49]);
    EXPECT(SAR_USER_NOT_LOGGED_IN, SKF_ReadFile(application, "locked", 0, 10, found, &size));
    EXPECT(SAR_USER_NOT_LOGGED_IN, SKF_WriteFile(application, "locked", 0, found, 1));
    OK(SKF_VerifyPIN(application, ADMIN_TYPE, "87654321", &tries));
    size = 10;
    OK(SKF_ReadFile(application, "locked", 0, 10, found, &size));
    OK(SKF_DeleteFile(application, "locked"));
    EXPECT(SAR_FILE_NOT_EXIST, SKF_DeleteFile(application, "locked"));
    OK(SKF_ClearSecureState(application));
    EXPECT(SAR_USER_NOT_LOGGED_IN, SKF_WriteFile(application, "userinfo1", 0, given, 1));
    OK(SKF_VerifyPIN(application, USER_TYPE, "123456", &tries));
}

static void import_rsa_pair(HCONTAINER container, RSAPUBLICKEYBLOB *signing)
{
    RSAPUBLICKEYBLOB given, found;
    BYTE wrapped[256], encrypted[1024], session[256];
    HANDLE key = NULL;
    ULONG size = sizeof found;

    tell("rsa-envelope", signing, sizeof *signing);
    TRUTH(hear((BYTE *)&given, sizeof given) == sizeof given);
    size_t first = hear(wrapped, sizeof wrapped), second = hear(encrypted, sizeof encrypted);
    EXPECT(SAR_KEYNOTFOUNTERR, SKF_ExportPublicKey(container, 0, (BYTE *)&found, &size));
    OK(SKF_ImportRSAKeyPair(container, SGD_SM4_ECB, wrapped, first, encrypted, second));
    size = sizeof found;
    OK(SKF_ExportPublicKey(container, 0, (BYTE *)&found, &size));
    TRUTH(size == sizeof found && !memcmp(&given, &found, size));
    size = hear(session, sizeof session);
    OK(SKF_ImportSessionKey(container, SGD_SM4_ECB, session, size, &key));
    OK(SKF_CloseHandle(key));
    wrapped[5] ^= 1;
    TRUTH(SKF_ImportRSAKeyPair(container, SGD_SM4_ECB, wrapped, first, encrypted, second) != SAR_OK);
}

static void rsa(DEVHANDLE device, HAPPLICATION application)
{
    HCONTAINER container = NULL;
    RSAPUBLICKEYBLOB public, again;
    RSAPRIVATEKEYBLOB outside;
    BYTE made[256], block[256] = {0}, back[256];
    HANDLE session = NULL;
    ULONG size = 0;

    TRUTH(sizeof public == 268 && sizeof outside == 1164);
    OK(SKF_CreateContainer(application, "rsa", &container));
    EXPECT(SAR_MODULUSLENERR, SKF_GenRSAKeyPair(container, 4096, &public));
    OK(SKF_GenRSAKeyPair(container, 1024, &public));
    size = sizeof again;
    OK(SKF_ExportPublicKey(container, 1, (BYTE *)&again, &size));
    TRUTH(!memcmp(&public, &again, sizeof public));
    OK(SKF_RSASignData(container, (BYTE *)"some data", 9, NULL, &size));
    TRUTH(size == 128);
    OK(SKF_RSASignData(container, (BYTE *)"some data", 9, made, &size));
    OK(SKF_RSAVerify(device, &public, (BYTE *)"some data", 9, made, size));
    EXPECT(SAR_HASHNOTEQUALERR, SKF_RSAVerify(device, &public, (BYTE *)"some more", 9, made, size));
    OK(SKF_RSAExportSessionKey(container, SGD_SM4_ECB, &public, made, &size, &session));
    OK(SKF_CloseHandle(session));
    import_rsa_pair(container, &public);
    OK(SKF_GenExtRSAKey(device, 1024, &outside));
    memcpy(&public, &outside, sizeof public);
    block[127] = 42;
    size = sizeof made;
    OK(SKF_ExtRSAPubKeyOperation(device, &public, block, 128, made, &size));
    OK(SKF_ExtRSAPriKeyOperation(device, &outside, made, 128, back, &size));
    TRUTH(size == 128 && !memcmp(back, block, 128));
    OK(SKF_CloseContainer(container));
    OK(SKF_DeleteContainer(application, "rsa"));
    EXPECT(SAR_CONTAINER_NOT_EXISTS, SKF_OpenContainer(application, "rsa", &container));
}

static void outside_keys(DEVHANDLE device)
{
    BYTE raw[sizeof(ECCCIPHERBLOB) + 99], plain[100], secret[32];
    ECCPRIVATEKEYBLOB private = {256, {0}};
    ECCPUBLICKEYBLOB public;
    ECCSIGNATUREBLOB made;
    ULONG size = 0;

    tell("pair", "", 0);
    TRUTH(hear(secret, 32) == 32 && hear((BYTE *)&public, sizeof public) == sizeof public);
    memcpy(private.PrivateKey + 32, secret, 32);
    OK(SKF_ExtECCEncrypt(device, &public, (BYTE *)"for you", 7, (PECCCIPHERBLOB)raw));
    OK(SKF_ExtECCDecrypt(device, &private, (PECCCIPHERBLOB)raw, NULL, &size));
    TRUTH(size == 7);
    OK(SKF_ExtECCDecrypt(device, &private, (PECCCIPHERBLOB)raw, plain, &size));
    TRUTH(!memcmp(plain, "for you", 7));
    OK(SKF_ExtECCSign(device, &private, digest, 32, &made));
    OK(SKF_ExtECCVerify(device, &public, digest, 32, &made));
}

static void raw_command(DEVHANDLE device)
{
    BYTE answer[64];
    ULONG size = sizeof answer;

    OK(SKF_Transmit(device, (BYTE *)"\x80\x50\0\0\0\0\x08", 7, answer, &size));
    TRUTH(size == 10 && answer[8] == 0x90);
    EXPECT(SAR_INVALIDPARAMERR, SKF_Transmit(device, NULL, 7, answer, &size));
}

int main(void)
{
    DEVHANDLE device = connect_to(0);
    HAPPLICATION mine;
    HCONTAINER keys;
    const ULONG modes[] = {SGD_SM4_ECB, SGD_SM4_CBC, SGD_SM4_CFB, SGD_SM4_OFB};

    information(device);
    mine = application(device);
    pins(mine);
    keys = container(device, mine);
    certificates(keys);
    signature(device, keys);
    for (int i = 0; i < 4; i++) {
        sessions(keys, modes[i], SKF_NO_PADDING);
        if (i < 2)
            sessions(keys, modes[i], SKF_PKCS5_PADDING);
    }
    macs(device);
    files(mine);
    rsa(device, mine);
    outside_keys(device);
    raw_command(device);
    OK(SKF_ChangeDevAuthKey(device, (BYTE *)"another key of 1", 16));
    OK(SKF_CloseContainer(keys));
    OK(SKF_CloseApplication(mine));
    EXPECT(SAR_INVALIDHANDLEERR, SKF_ClearSecureState(mine));
    OK(SKF_DeleteApplication(device, NAME));
    EXPECT(SAR_APPLICATION_NOT_EXISTS, SKF_OpenApplication(device, NAME, &mine));
    OK(SKF_DisConnectDev(device));
    EXPECT(SAR_INVALIDHANDLEERR, SKF_DisConnectDev(device));
    tell("done", "", 0);
    return 0;
}
