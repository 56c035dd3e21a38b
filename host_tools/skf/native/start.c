/*
 * Starts the interpreter inside libsimcard_skf.so, once, at the first call of any function.
 *
 * A program that has no interpreter gets one that neither its environment nor its signals are touched by. A program
 * that has one (because it is written in Python) keeps it.
 */
#define _GNU_SOURCE
#include <Python.h>
#include <dlfcn.h>
#include <pthread.h>

#include "simcard_skf_build.h"

static pthread_once_t once = PTHREAD_ONCE_INIT;
static int started;

/* Extension modules look for the interpreter's functions among the global symbols, where they are not when a program
   has loaded this library for itself alone. */
static void show_interpreter(void)
{
    Dl_info where;

    if (dladdr((void *)&Py_IsInitialized, &where) && where.dli_fname)
        dlopen(where.dli_fname, RTLD_NOW | RTLD_GLOBAL | RTLD_NOLOAD);
}

static PyStatus configure(PyConfig *config)
{
    PyStatus status = PyConfig_SetBytesString(config, &config->program_name, SIMCARD_SKF_PYTHON);

    config->install_signal_handlers = 0;
    config->use_environment = 0;
    config->user_site_directory = 0;
    config->parse_argv = 0;
    config->buffered_stdio = 1;
    config->configure_c_stdio = 0;
    return status;
}

static void start(void)
{
    PyPreConfig before;
    PyConfig config;
    PyStatus status;

    show_interpreter();
    if (Py_IsInitialized()) {
        started = 1;
        return;
    }
    /* Python's UTF-8 mode leaves the locale of the program alone. */
    PyPreConfig_InitIsolatedConfig(&before);
    before.utf8_mode = 1;
    status = Py_PreInitialize(&before);
    if (PyStatus_Exception(status))
        return;
    PyConfig_InitPythonConfig(&config);
    status = configure(&config);
    if (!PyStatus_Exception(status))
        status = Py_InitializeFromConfig(&config);
    PyConfig_Clear(&config);
    if (PyStatus_Exception(status))
        return;
    PyEval_SaveThread();
    started = 1;
}

int skf_start(void)
{
    pthread_once(&once, start);
    return started;
}
