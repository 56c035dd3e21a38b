/* Sends one APDU as often as told through libpcsclite, and prints APDUs per second.
   apdu_loop READER COUNT HEX [HEX]: the first HEX is sent COUNT times; a second one, if given, once before. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <winscard.h>

static size_t unhex(const char *text, unsigned char *out)
{
    size_t size = strlen(text) / 2;
    for (size_t i = 0; i < size; i++) {
        unsigned int byte;
        if (sscanf(text + 2 * i, "%2x", &byte) != 1)
            return 0;
        out[i] = (unsigned char)byte;
    }
    return size;
}

static int send_once(SCARDHANDLE card, const SCARD_IO_REQUEST *pci, const unsigned char *apdu, size_t size)
{
    unsigned char answer[65538];
    DWORD length = sizeof answer;
    LONG code = SCardTransmit(card, pci, apdu, size, NULL, answer, &length);
    return code == SCARD_S_SUCCESS && length >= 2 && answer[length - 2] == 0x90;
}

int main(int argc, char **argv)
{
    static unsigned char apdu[512], first[512];
    SCARDCONTEXT context;
    SCARDHANDLE card;
    DWORD protocol;
    struct timespec from, to;

    if (argc < 4)
        return 1;
    if (SCardEstablishContext(SCARD_SCOPE_SYSTEM, NULL, NULL, &context) != SCARD_S_SUCCESS)
        return 2;
    if (SCardConnect(context, argv[1], SCARD_SHARE_SHARED, SCARD_PROTOCOL_ANY, &card, &protocol) != SCARD_S_SUCCESS)
        return 3;
    const SCARD_IO_REQUEST *pci = protocol == SCARD_PROTOCOL_T1 ? SCARD_PCI_T1 : SCARD_PCI_T0;
    size_t size = unhex(argv[3], apdu);
    if (argc > 4 && !send_once(card, pci, first, unhex(argv[4], first)))
        return 4;
    int count = atoi(argv[2]);
    for (int i = 0; i < count / 10; i++)
        if (!send_once(card, pci, apdu, size))
            return 5;
    clock_gettime(CLOCK_MONOTONIC, &from);
    for (int i = 0; i < count; i++)
        if (!send_once(card, pci, apdu, size))
            return 6;
    clock_gettime(CLOCK_MONOTONIC, &to);
    printf("%.1f\n", count / ((to.tv_sec - from.tv_sec) + (to.tv_nsec - from.tv_nsec) / 1e9));
    SCardDisconnect(card, SCARD_LEAVE_CARD);
    SCardReleaseContext(context);
    return 0;
}
