/* SPDX-License-Identifier: MIT */
/*
 * A saved guest as xl keeps and sends it: its configuration, then the domain
 * with what libxl puts around it.
 */
#ifndef STREAM_FILE_H
#define STREAM_FILE_H

#include "stream/restore.h"
#include "stream/save.h"

/**
 * Write xl's header with a configuration.
 *
 * @config  libxl's JSON
 *
 * Returns 0; -errno (STREAM).
 */
int file_head_write(struct stream *s, const char *config,
                    struct error **err_out);

/**
 * Read it.
 *
 * @config_out  text that the caller frees; NULL where there is none
 *
 * Returns 0; -EINVAL (STREAM) where it is no saved guest; -errno (STREAM).
 */
int file_head_read(struct stream *s, char **config_out, struct error **err_out);

/* A libxl stream with one domain. As stream_save() and stream_restore(). */
int file_domain_write(struct privcmd *p, domid_t domid, struct stream *s,
                      struct error **err_out);
int file_domain_read(struct privcmd *p, const struct restore_request *request,
                     struct stream *s, struct restore_result *result,
                     struct error **err_out);

#endif
