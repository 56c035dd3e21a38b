/* PC/SC in plain types; see pcsc.c. scripts/build_skf reads the declarations. */
#ifndef SIMCARD_SKF_PCSC_H
#define SIMCARD_SKF_PCSC_H

/* begin declarations */
long skfpc_establish(long *context);
long skfpc_release(long context);
long skfpc_cancel(long context);
long skfpc_readers(long context, char *names, unsigned long *size);
long skfpc_wait(long context, unsigned long milliseconds, unsigned long count, const char **names,
                const unsigned long *known, unsigned long *now);
long skfpc_connect(long context, const char *reader, long *card, unsigned long *protocol);
long skfpc_reconnect(long card, int reset, unsigned long *protocol);
long skfpc_disconnect(long card);
long skfpc_atr(long card, unsigned char *atr, unsigned long *size);
long skfpc_begin(long card);
long skfpc_end(long card);
long skfpc_transmit(long card, unsigned long protocol, const unsigned char *command, unsigned long size,
                    unsigned char *answer, unsigned long *room);
/* end declarations */

#endif
