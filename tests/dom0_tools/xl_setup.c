/* SPDX-License-Identifier: MIT */
/* xl in one process with its fakes; see xl_setup.h. */
#include "xl_setup.h"

#include <stdlib.h>
#include <string.h>

#include "fake_dom0.h"
#include "xl/xl.h"

#define MAX_WORDS 32

char *xl_out;
char *xl_err;
const struct cancel *xl_cancel;

int xl(const char *words)
{
    char *line = strdup(words), *argv[MAX_WORDS + 1] = {(char[]){"xl"}}, *rest;
    size_t out_size, err_size;
    FILE *out, *err;
    int argc = 1, status;

    xl_free(NULL);
    for (rest = line; argc < MAX_WORDS && (argv[argc] = strtok(rest, " "));
         rest = NULL)
        argc++;
    out = open_memstream(&xl_out, &out_size);
    err = open_memstream(&xl_err, &err_size);
    status = xl_main(argc, argv, out, err, xl_cancel);
    fclose(out);
    fclose(err);
    free(line);
    return status;
}

int xl_reset(void **state)
{
    (void)state;
    fake_dom0_reset();
    xl_cancel = NULL;
    return 0;
}

int xl_free(void **state)
{
    (void)state;
    free(xl_out);
    free(xl_err);
    xl_out = xl_err = NULL;
    return 0;
}
