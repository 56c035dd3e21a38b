/* Sends GET CHALLENGE as often as told, through libpcsclite; prints the microseconds of each tenth percentile. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <winscard.h>

static int ascending(const void *a, const void *b)
{
    double difference = *(const double *)a - *(const double *)b;
    return (difference > 0) - (difference < 0);
}

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1e6 + t.tv_nsec / 1e3;
}

int main(int argc, char **argv)
{
    int count = argc > 2 ? atoi(argv[2]) : 1000;
    double *times = malloc(count * sizeof *times);
    unsigned char answer[300];
    const unsigned char get[] = {0x00, 0x84, 0x00, 0x00, 0x08};
    SCARDCONTEXT context;
    SCARDHANDLE card;
    DWORD protocol, length;

    if (SCardEstablishContext(SCARD_SCOPE_SYSTEM, NULL, NULL, &context) != SCARD_S_SUCCESS)
        return 1;
    if (SCardConnect(context, argv[1], SCARD_SHARE_SHARED, SCARD_PROTOCOL_ANY, &card, &protocol) != SCARD_S_SUCCESS)
        return 2;
    for (int i = -count / 10; i < count; i++) {
        double start = now();
        length = sizeof answer;
        if (SCardTransmit(card, protocol == SCARD_PROTOCOL_T0 ? SCARD_PCI_T0 : SCARD_PCI_T1, get, sizeof get, NULL,
                          answer, &length) != SCARD_S_SUCCESS || length != 10)
            return 3;
        if (i >= 0)
            times[i] = now() - start;
    }
    double total = 0;
    for (int i = 0; i < count; i++)
        total += times[i];
    qsort(times, count, sizeof *times, ascending);
    printf("%.1f %.1f %.1f\n", total / count, times[count / 2], times[(int)(count * 0.99)]);
    SCardDisconnect(card, SCARD_LEAVE_CARD);
    SCardReleaseContext(context);
    return 0;
}
