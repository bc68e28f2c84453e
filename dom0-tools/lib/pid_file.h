/* SPDX-License-Identifier: MIT */
/* Processes in the background that have noted their number: /run/xen/NAME.pid.
 */
#ifndef LIB_PID_FILE_H
#define LIB_PID_FILE_H

#include <stddef.h>

/* The file's path, for the program that writes it. */
void pid_file_path(const char *name, char *path, size_t size);

/*
 * A pidfd of the process; -1 if it has ended, though nobody has noticed, or
 * another program has its number.
 */
int pid_file_open(const char *name, const char *program);

/* Ask it to end, and kill it if it does not within that time. */
void pid_file_stop(const char *name, const char *program, int timeout_ms);

#endif
