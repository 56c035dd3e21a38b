/* A program against winscard.h: everything it expects of a reader with an echo card, one line for each step. */
#include <stdio.h>
#include <string.h>
#include <winscard.h>
#include <reader.h>

static int failures;

static void step(const char *name, LONG expected, LONG got)
{
    int good = expected == got;
    printf("%s %s\n", good ? "ok" : "FAILED", name);
    if (!good) {
        printf("  expected %08lX, got %08lX\n", expected & 0xFFFFFFFF, got & 0xFFFFFFFF);
        failures++;
    }
}

int main(void)
{
    SCARDCONTEXT context;
    SCARDHANDLE card;
    DWORD protocol, length, state;
    char readers[4096], name[200];
    unsigned char atr[MAX_ATR_SIZE], answer[300], large[65548], echo[7 + 60000];
    const unsigned char get[] = {0x00, 0x84, 0x00, 0x00, 0x08};
    SCARD_READERSTATE states[1];

    step("establish", SCARD_S_SUCCESS, SCardEstablishContext(SCARD_SCOPE_SYSTEM, NULL, NULL, &context));
    length = sizeof readers;
    step("list", SCARD_S_SUCCESS, SCardListReaders(context, NULL, readers, &length));
    step("connect", SCARD_S_SUCCESS,
         SCardConnect(context, readers, SCARD_SHARE_SHARED, SCARD_PROTOCOL_ANY, &card, &protocol));
    length = sizeof answer;
    step("transmit", SCARD_S_SUCCESS, SCardTransmit(card, SCARD_PCI_T1, get, sizeof get, NULL, answer, &length));
    step("answer", 0, length == 10 && answer[0] == 1 && answer[8] == 0x90 ? 0 : -1);
    memset(echo, 0x5A, sizeof echo);
    memcpy(echo, "\x00\xEC\x00\x00\x00\xEA\x60", 7);
    length = sizeof large;
    step("60000 bytes", SCARD_S_SUCCESS,
         SCardTransmit(card, SCARD_PCI_T1, echo, sizeof echo, NULL, large, &length));
    step("60000 bytes back", 0, length == 60002 && large[59999] == 0x5A ? 0 : -1);
    DWORD name_length = sizeof name, atr_length = sizeof atr;
    step("status", SCARD_S_SUCCESS,
         SCardStatus(card, name, &name_length, &state, &protocol, atr, &atr_length));
    step("status agrees", 0, strcmp(name, readers) == 0 && atr_length == 14 && protocol == SCARD_PROTOCOL_T1 ? 0 : -1);
    length = MAX_BUFFER_SIZE;
    step("ATR attribute", SCARD_S_SUCCESS, SCardGetAttrib(card, SCARD_ATTR_ATR_STRING, answer, &length));
    step("ATR attribute agrees", 0, length == atr_length && memcmp(atr, answer, length) == 0 ? 0 : -1);
    length = sizeof name;
    step("name attribute", SCARD_S_SUCCESS,
         SCardGetAttrib(card, SCARD_ATTR_DEVICE_FRIENDLY_NAME, (unsigned char *)name, &length));
    step("begin", SCARD_S_SUCCESS, SCardBeginTransaction(card));
    step("end", SCARD_S_SUCCESS, SCardEndTransaction(card, SCARD_LEAVE_CARD));
    step("reconnect", SCARD_S_SUCCESS,
         SCardReconnect(card, SCARD_SHARE_EXCLUSIVE, SCARD_PROTOCOL_ANY, SCARD_RESET_CARD, &protocol));
    step("disconnect", SCARD_S_SUCCESS, SCardDisconnect(card, SCARD_UNPOWER_CARD));
    memset(states, 0, sizeof states);
    states[0].szReader = readers;
    step("status change", SCARD_S_SUCCESS, SCardGetStatusChange(context, 0, states, 1));
    step("card present", 0, states[0].dwEventState & SCARD_STATE_PRESENT ? 0 : -1);
    states[0].dwCurrentState = states[0].dwEventState & ~SCARD_STATE_CHANGED;
    step("no change", SCARD_E_TIMEOUT, SCardGetStatusChange(context, 10, states, 1));
    step("release", SCARD_S_SUCCESS, SCardReleaseContext(context));
    return failures != 0;
}
