/* Short scenes with the library: two cards, many threads, wrong handles, removal, events, locks. */
#include "program.h"

#include <pthread.h>
#include <sched.h>

#define NAME "APP"

/* Two cards agree on a key, and each reads what the other writes. */
static void agree(void)
{
    DEVHANDLE devices[2] = {connect_to(0), connect_to(1)};
    HCONTAINER containers[2];
    ECCPUBLICKEYBLOB keys[2], temporary[2];
    HANDLE offer = NULL, agreed[2] = {NULL, NULL};
    BLOCKCIPHERPARAM given = {{0}, 16, SKF_PKCS5_PADDING, 0};
    BYTE sealed[32], opened[32];
    ULONG size, length;

    for (int i = 0; i < 2; i++) {
        OK(SKF_OpenContainer(login(devices[i], NAME), "keys", &containers[i]));
        size = sizeof keys[i];
        OK(SKF_ExportPublicKey(containers[i], 0, (BYTE *)&keys[i], &size));
    }
    OK(SKF_GenerateAgreementDataWithECC(containers[0], SGD_SM4_CBC, &temporary[0], (BYTE *)"Alice", 5, &offer));
    OK(SKF_GenerateAgreementDataAndKeyWithECC(containers[1], SGD_SM4_CBC, &keys[0], &temporary[0], &temporary[1],
                                              (BYTE *)"Bob", 3, (BYTE *)"Alice", 5, &agreed[1]));
    OK(SKF_GenerateKeyWithECC(offer, &keys[1], &temporary[1], (BYTE *)"Bob", 3, &agreed[0]));
    EXPECT(SAR_FAIL, SKF_GenerateKeyWithECC(offer, &keys[1], &temporary[1], (BYTE *)"Bob", 3, &agreed[0]));
    for (int i = 0; i < 2; i++) {
        OK(SKF_EncryptInit(agreed[i], given));
        size = sizeof sealed;
        OK(SKF_Encrypt(agreed[i], (BYTE *)"across two cards", 16, sealed, &size));
        OK(SKF_DecryptInit(agreed[1 - i], given));
        length = sizeof opened;
        OK(SKF_Decrypt(agreed[1 - i], sealed, size, opened, &length));
        TRUTH(length == 16 && !memcmp(opened, "across two cards", 16));
    }
    OK(SKF_CloseHandle(offer));
    OK(SKF_DisConnectDev(devices[0]));
    OK(SKF_DisConnectDev(devices[1]));
}

/* Every thread has its own handles, and its own results. */
static int calls;

static void *work(void *number)
{
    DEVHANDLE device = connect_to(0);
    HAPPLICATION application = NULL;
    HCONTAINER container = NULL;
    ECCPUBLICKEYBLOB key;
    ECCSIGNATUREBLOB made;
    BYTE digest[32], again[32], text[4];
    HANDLE hash = NULL;
    ULONG size = sizeof key;

    OK(SKF_OpenApplication(device, NAME, &application));
    OK(SKF_OpenContainer(application, "keys", &container));
    OK(SKF_ExportPublicKey(container, 1, (BYTE *)&key, &size));
    for (int i = 0; i < calls; i++) {
        memcpy(text, &i, 4);
        text[3] = (BYTE)(size_t)number;
        size = 32;
        OK(SKF_DigestInit(device, SGD_SM3, NULL, NULL, 0, &hash));
        OK(SKF_DigestUpdate(hash, text, 2));
        OK(SKF_DigestUpdate(hash, text + 2, 2));
        OK(SKF_DigestFinal(hash, digest, &size));
        OK(SKF_CloseHandle(hash));
        OK(SKF_DigestInit(device, SGD_SM3, NULL, NULL, 0, &hash));
        OK(SKF_Digest(hash, text, 4, again, &size));
        OK(SKF_CloseHandle(hash));
        TRUTH(!memcmp(digest, again, 32));
        OK(SKF_ECCSignData(container, digest, 32, &made));
        OK(SKF_ECCVerify(device, &key, digest, 32, &made));
    }
    OK(SKF_CloseContainer(container));
    OK(SKF_CloseApplication(application));
    OK(SKF_DisConnectDev(device));
    return number;
}

static void threads(int many, int each)
{
    pthread_t running[64];
    DEVHANDLE device = connect_to(0);

    login(device, NAME);
    calls = each;
    for (int i = 0; i < many; i++)
        TRUTH(!pthread_create(&running[i], NULL, work, (void *)(size_t)(i + 1)));
    for (int i = 0; i < many; i++) {
        void *result = NULL;
        TRUTH(!pthread_join(running[i], &result) && result == (void *)(size_t)(i + 1));
    }
    OK(SKF_DisConnectDev(device));
}

/* A handle is of one kind, and good until it is closed. */
static void handles(void)
{
    DEVHANDLE device = connect_to(0), second = connect_to(0);
    HAPPLICATION application = NULL, other = NULL;
    HCONTAINER container = NULL;
    HANDLE key = NULL;
    BLOCKCIPHERPARAM given = {{0}, 33, 0, 0};
    BYTE random[8];
    ULONG tries = 0, size = 0;

    EXPECT(SAR_DEVICE_REMOVED, SKF_ConnectDev("no such device", &device));
    EXPECT(SAR_INVALIDPARAMERR, SKF_ConnectDev(NULL, &device));
    EXPECT(SAR_INVALIDPARAMERR, SKF_EnumDev(1, NULL, NULL));
    application = login(device, NAME);
    EXPECT(SAR_INVALIDHANDLEERR, SKF_OpenContainer(device, "keys", &container));
    EXPECT(SAR_INVALIDHANDLEERR, SKF_GenRandom(application, random, 8));
    EXPECT(SAR_INVALIDHANDLEERR, SKF_GenRandom(NULL, random, 8));
    EXPECT(SAR_INVALIDHANDLEERR, SKF_GenRandom((HANDLE)0x1234, random, 8));
    EXPECT(SAR_INVALIDHANDLEERR, SKF_CloseHandle(device));
    EXPECT(SAR_INDATALENERR, SKF_GenRandom(device, random, 0));
    OK(SKF_OpenContainer(application, "keys", &container));
    OK(SKF_SetSymmKey(device, (BYTE *)"an SM4 key of 16", SGD_SM4_CBC, &key));
    EXPECT(SAR_NOTSUPPORTYETERR, SKF_SetSymmKey(device, (BYTE *)"an SM4 key of 16", 0x403, &key));
    EXPECT(SAR_INVALIDPARAMERR, SKF_EncryptInit(key, given));
    EXPECT(SAR_NOTINITIALIZEERR, SKF_Encrypt(key, random, 8, NULL, &size));
    /* The same application through another device handle: closing one leaves the other. */
    OK(SKF_OpenApplication(second, NAME, &other));
    OK(SKF_CloseApplication(other));
    OK(SKF_GetContainerType(container, &tries));
    OK(SKF_DisConnectDev(second));
    OK(SKF_GetContainerType(container, &tries));
    OK(SKF_CloseApplication(application));
    EXPECT(SAR_INVALIDHANDLEERR, SKF_GetContainerType(container, &tries));
    OK(SKF_DisConnectDev(device));
    EXPECT(SAR_INVALIDHANDLEERR, SKF_CloseHandle(key));
}

/* Signs until the card is pulled. */
static void until_removed(void)
{
    DEVHANDLE device = connect_to(0);
    HAPPLICATION application = login(device, NAME);
    HCONTAINER container = NULL;
    ECCSIGNATUREBLOB made;
    BYTE digest[32] = {0};
    ULONG code, left = 0;

    OK(SKF_OpenContainer(application, "keys", &container));
    for (int i = 0; (code = SKF_ECCSignData(container, digest, 32, &made)) == SAR_OK; i++)
        if (i == 3)
            tell("signing", "", 0);
    EXPECT(SAR_DEVICE_REMOVED, code);
    tell("removed", "", 0);
    hear(digest, 0);
    /* Another card is in now; these handles are not its. */
    EXPECT(SAR_DEVICE_REMOVED, SKF_ECCSignData(container, digest, 32, &made));
    EXPECT(SAR_DEVICE_REMOVED, SKF_VerifyPIN(application, USER_TYPE, "123456", &left));
    EXPECT(SAR_DEVICE_REMOVED, SKF_GenRandom(device, digest, 8));
    OK(SKF_DisConnectDev(device));
    device = connect_to(0);
    OK(SKF_GenRandom(device, digest, 8));
    EXPECT(SAR_APPLICATION_NOT_EXISTS, SKF_OpenApplication(device, NAME, &application));
    OK(SKF_DisConnectDev(device));
}

/* Says what comes and goes, until it is cancelled. */
static volatile int waited;

static void *cancel(void *unused)
{
    BYTE nothing[1];

    hear(nothing, 0);
    /* A cancel ends the waits that have begun, and nobody can tell whether one has. */
    while (!waited) {
        OK(SKF_CancelWaitForDevEvent());
        sched_yield();
    }
    return unused;
}

static void events(int many)
{
    char name[256];
    ULONG size = 0, event;
    pthread_t other;

    OK(SKF_EnumDev(1, NULL, &size));
    tell("waiting", "", 0);
    for (int i = 0; i < many; i++) {
        size = sizeof name;
        event = 0;
        OK(SKF_WaitForDevEvent(name, &size, &event));
        TRUTH(size == strlen(name) + 1);
        printf("%s %s\n", event == DEV_EVENT_INSERT ? "inserted" : "removed", name);
        fflush(stdout);
    }
    TRUTH(!pthread_create(&other, NULL, cancel, NULL));
    tell("cancel", "", 0);
    size = sizeof name;
    EXPECT(SAR_NOT_EVENTERR, SKF_WaitForDevEvent(name, &size, &event));
    waited = 1;
    TRUTH(!pthread_join(other, NULL));
}

/* One handle locks the device; the other's calls wait until it is unlocked. */
static DEVHANDLE patient;

static void *wait_for_turn(void *done)
{
    BYTE random[8];

    OK(SKF_GenRandom(patient, random, 8));
    *(volatile int *)done = 1;
    return done;
}

static void locks(void)
{
    DEVHANDLE device = connect_to(0);
    pthread_t other;
    volatile int done = 0;
    BYTE random[8];

    patient = connect_to(0);
    OK(SKF_LockDev(device, SKF_WAIT_FOREVER));
    OK(SKF_LockDev(device, 100));
    EXPECT(SAR_TIMEOUTERR, SKF_LockDev(patient, 10));
    EXPECT(SAR_FAIL, SKF_UnlockDev(patient));
    TRUTH(!pthread_create(&other, NULL, wait_for_turn, (void *)&done));
    for (int i = 0; i < 50; i++)
        OK(SKF_GenRandom(device, random, 8));
    TRUTH(!done);
    /* The lock holds against other programs too: the test tries. */
    tell("locked", "", 0);
    hear(random, 0);
    OK(SKF_UnlockDev(device));
    TRUTH(!pthread_join(other, NULL) && done);
    OK(SKF_LockDev(patient, 1000));
    OK(SKF_DisConnectDev(patient));
    OK(SKF_LockDev(device, 1000));
    OK(SKF_DisConnectDev(device));
}

int main(int argc, char **argv)
{
    const char *scene = argc > 1 ? argv[1] : "";

    if (!strcmp(scene, "agree"))
        agree();
    else if (!strcmp(scene, "threads"))
        threads(atoi(argv[2]), atoi(argv[3]));
    else if (!strcmp(scene, "handles"))
        handles();
    else if (!strcmp(scene, "removal"))
        until_removed();
    else if (!strcmp(scene, "events"))
        events(atoi(argv[2]));
    else if (!strcmp(scene, "locks"))
        locks();
    else
        return 3;
    tell("done", "", 0);
    return 0;
}
