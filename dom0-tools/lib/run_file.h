/* SPDX-License-Identifier: MIT */
/* Small texts that are kept until the host restarts: files in /run/xen. */
#ifndef LIB_RUN_FILE_H
#define LIB_RUN_FILE_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/error.h"

/* Keep a text. Returns 0; -errno (INTERNAL). */
int run_file_write(const char *name, const char *text, struct error **err_out);

/* The text into size bytes, cut off there; false where there is none. */
bool run_file_read(const char *name, char *text, size_t size);

/* Forget it. */
void run_file_remove(const char *name);

#endif
