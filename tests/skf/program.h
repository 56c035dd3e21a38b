/* What the test programs share: checks that say where they failed, hexadecimal, and questions to the test. */
#ifndef PROGRAM_H
#define PROGRAM_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "simcard_skf.h"

#define EXPECT(code, call) expect(code, call, #call, __LINE__)
#define OK(call) EXPECT(SAR_OK, call)
#define TRUTH(what) truth((what) != 0, #what, __LINE__)

static void expect(ULONG expected, ULONG found, const char *what, int line)
{
    if (expected == found)
        return;
    fprintf(stderr, "line %d: %s: expected %08X, found %08X\n", line, what, expected, found);
    exit(1);
}

static void truth(int holds, const char *what, int line)
{
    if (holds)
        return;
    fprintf(stderr, "line %d: %s does not hold\n", line, what);
    exit(1);
}

/* Tell the test something in hexadecimal. */
static inline void tell(const char *name, const void *data, size_t size)
{
    const unsigned char *bytes = data;

    printf("%s ", name);
    for (size_t i = 0; i < size; i++)
        printf("%02X", bytes[i]);
    printf("\n");
    fflush(stdout);
}

/* The test's answer, in hexadecimal; how many bytes. */
static inline size_t hear(unsigned char *out, size_t room)
{
    static char line[70000];
    size_t size = 0;
    unsigned int byte;

    if (!fgets(line, sizeof line, stdin))
        exit(2);
    while (size < room && sscanf(line + 2 * size, "%2x", &byte) == 1)
        out[size++] = (unsigned char)byte;
    return size;
}

static inline char *reader(char *names, int index)
{
    while (index-- && *names)
        names += strlen(names) + 1;
    return names;
}

/* The only device, or one of several. */
static inline DEVHANDLE connect_to(int index)
{
    static char names[4096];
    ULONG size = sizeof names;
    DEVHANDLE device = NULL;

    OK(SKF_EnumDev(1, names, &size));
    TRUTH(*reader(names, index));
    OK(SKF_ConnectDev(reader(names, index), &device));
    return device;
}

/* Prove the device key; the test has it. */
static inline void authenticate(DEVHANDLE device)
{
    BYTE challenge[8], proof[16];

    OK(SKF_GenRandom(device, challenge, sizeof challenge));
    tell("device-key", challenge, sizeof challenge);
    TRUTH(hear(proof, sizeof proof) == sizeof proof);
    OK(SKF_DevAuth(device, proof, sizeof proof));
}

static inline HAPPLICATION login(DEVHANDLE device, const char *name)
{
    HAPPLICATION application = NULL;
    ULONG tries = 0;

    OK(SKF_OpenApplication(device, (LPSTR)name, &application));
    OK(SKF_VerifyPIN(application, USER_TYPE, "123456", &tries));
    return application;
}

#endif
