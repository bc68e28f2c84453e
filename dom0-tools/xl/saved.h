/* SPDX-License-Identifier: MIT */
/* What the commands about saved guests share. */
#ifndef XL_SAVED_H
#define XL_SAVED_H

#include "lib/progress.h"
#include "xl/cmd.h"

/* A bar on the terminal, which workers draw, too; NULL without memory. */
struct saved_progress;

struct saved_progress *saved_progress_begin(struct xl *xl, const char *what);
struct progress saved_progress_as(struct saved_progress *progress);
void saved_progress_end(struct saved_progress *progress);

/**
 * An xl.cfg as the text that goes with a saved guest.
 *
 * @text_out  what the caller frees
 */
int saved_config_of_file(struct xl *xl, const char *path, char **text_out,
                         struct error **err_out);

/* What was done, as JSON: {"name", "domid", "file"}. */
int saved_json(struct xl *xl, const char *path, const char *name, domid_t domid,
               struct error **err_out);

#endif
