/* SPDX-License-Identifier: MIT */
/* Running whole xl commands over the fake hypervisor and the fake store. */
#ifndef XL_SETUP_H
#define XL_SETUP_H

/* What the last run wrote; valid until the next one. */
extern char *xl_out;
extern char *xl_err;

/* What it is cancelled by, NULL unless a test sets it. */
extern const struct cancel *xl_cancel;

/** Run `xl` with words that blanks separate; returns its exit status. */
int xl(const char *words);

/** cmocka's setup and teardown: a host with Domain-0 alone; no output left. */
int xl_reset(void **state);
int xl_free(void **state);

#endif
