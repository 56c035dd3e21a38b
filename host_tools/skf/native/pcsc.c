/*
 * PC/SC behind plain C types: winscard.h and the SKF header both define ULONG, with different widths.
 *
 * All functions return the code of the PC/SC function they are named after. Connections are shared, and a card is
 * left as it is when one ends: its security state belongs to the token, not to a connection (GM/T 0016-2012, 7.1.6).
 */
#include <stdlib.h>
#include <winscard.h>

#include "pcsc.h"

#define PROTOCOLS (SCARD_PROTOCOL_T0 | SCARD_PROTOCOL_T1)

long skfpc_establish(long *context)
{
    SCARDCONTEXT made = 0;
    LONG code = SCardEstablishContext(SCARD_SCOPE_SYSTEM, NULL, NULL, &made);

    *context = made;
    return code;
}

long skfpc_release(long context)
{
    return SCardReleaseContext(context);
}

long skfpc_cancel(long context)
{
    return SCardCancel(context);
}

long skfpc_readers(long context, char *names, unsigned long *size)
{
    DWORD length = *size;
    LONG code = SCardListReaders(context, NULL, names, &length);

    *size = length;
    return code;
}

long skfpc_wait(long context, unsigned long milliseconds, unsigned long count, const char **names,
                const unsigned long *known, unsigned long *now)
{
    SCARD_READERSTATE *states = calloc(count ? count : 1, sizeof *states);
    LONG code;

    if (!states)
        return SCARD_E_NO_MEMORY;
    for (unsigned long i = 0; i < count; i++) {
        states[i].szReader = names[i];
        states[i].dwCurrentState = known[i];
    }
    code = SCardGetStatusChange(context, milliseconds, states, count);
    for (unsigned long i = 0; i < count; i++)
        now[i] = states[i].dwEventState;
    free(states);
    return code;
}

long skfpc_connect(long context, const char *reader, long *card, unsigned long *protocol)
{
    SCARDHANDLE made = 0;
    DWORD chosen = 0;
    LONG code = SCardConnect(context, reader, SCARD_SHARE_SHARED, PROTOCOLS, &made, &chosen);

    *card = made;
    *protocol = chosen;
    return code;
}

long skfpc_reconnect(long card, int reset, unsigned long *protocol)
{
    DWORD chosen = 0;
    LONG code =
        SCardReconnect(card, SCARD_SHARE_SHARED, PROTOCOLS, reset ? SCARD_RESET_CARD : SCARD_LEAVE_CARD, &chosen);

    *protocol = chosen;
    return code;
}

long skfpc_disconnect(long card)
{
    return SCardDisconnect(card, SCARD_LEAVE_CARD);
}

long skfpc_atr(long card, unsigned char *atr, unsigned long *size)
{
    DWORD name = 0, state = 0, protocol = 0, length = *size;
    LONG code = SCardStatus(card, NULL, &name, &state, &protocol, atr, &length);

    *size = length;
    return code;
}

long skfpc_begin(long card)
{
    return SCardBeginTransaction(card);
}

long skfpc_end(long card)
{
    return SCardEndTransaction(card, SCARD_LEAVE_CARD);
}

long skfpc_transmit(long card, unsigned long protocol, const unsigned char *command, unsigned long size,
                    unsigned char *answer, unsigned long *room)
{
    DWORD length = *room;
    LONG code = SCardTransmit(card, protocol == SCARD_PROTOCOL_T1 ? SCARD_PCI_T1 : SCARD_PCI_T0, command, size, NULL,
                              answer, &length);

    *room = length;
    return code;
}
