/* Calls through libsimcard_skf.so, counted: skf_loop LIBRARY COUNT [start | device].
   Without a third word: signatures per second over a ready digest, on the first application and container with a
   signing key, PIN from SKF_PIN. `start`: seconds from loading the library until a device list is there.
   `device`: seconds from loading until a connection. The library is loaded as a program loads a vendor's. */
#include <dlfcn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "simcard_skf.h"

static double now(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec + time.tv_nsec / 1e9;
}

#define FIND(name) __typeof__(&name) my_##name = (__typeof__(&name))dlsym(library, #name)

int main(int argc, char **argv)
{
    static char names[4096], applications[4096], containers[4096];
    double begun = now(), spent;
    void *library = argc > 2 ? dlopen(argv[1], RTLD_NOW | RTLD_LOCAL) : NULL;
    const char *what = argc > 3 ? argv[3] : "sign";
    ULONG size = sizeof names, tries = 0;
    DEVHANDLE device = NULL;
    HAPPLICATION application = NULL;
    HCONTAINER container = NULL;
    ECCSIGNATUREBLOB made;
    BYTE digest[32] = {1}, random[8];
    int count;

    if (!library)
        return 1;
    FIND(SKF_EnumDev);
    FIND(SKF_ConnectDev);
    FIND(SKF_EnumApplication);
    FIND(SKF_OpenApplication);
    FIND(SKF_VerifyPIN);
    FIND(SKF_EnumContainer);
    FIND(SKF_OpenContainer);
    FIND(SKF_ECCSignData);
    FIND(SKF_GenRandom);
    if (my_SKF_EnumDev(1, names, &size))
        return 2;
    if (!strcmp(what, "start")) {
        printf("%.6f\n", now() - begun);
        return 0;
    }
    if (!names[0] || my_SKF_ConnectDev(names, &device))
        return 3;
    if (!strcmp(what, "device")) {
        printf("%.6f\n", now() - begun);
        return 0;
    }
    count = atoi(argv[2]);
    size = sizeof applications;
    if (my_SKF_EnumApplication(device, applications, &size) ||
        my_SKF_OpenApplication(device, applications, &application))
        return 4;
    size = sizeof containers;
    if (my_SKF_VerifyPIN(application, USER_TYPE, getenv("SKF_PIN"), &tries) ||
        my_SKF_EnumContainer(application, containers, &size) ||
        my_SKF_OpenContainer(application, containers, &container))
        return 5;
    for (int i = -count / 10; i < count; i++) {
        if (!i)
            begun = now();
        if (!strcmp(what, "random") ? my_SKF_GenRandom(device, random, 8)
                                    : my_SKF_ECCSignData(container, digest, 32, &made))
            return 6;
    }
    spent = now() - begun;
    printf("%.1f\n", count / spent);
    return 0;
}
