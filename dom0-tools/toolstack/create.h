/* SPDX-License-Identifier: MIT */
/*
 * From a configuration to a domain. It goes in two halves: create_prepare()
 * reads all files and checks all that can be checked, and changes nothing;
 * create_run() makes the domain, and where it fails leaves nothing behind.
 */
#ifndef TOOLSTACK_CREATE_H
#define TOOLSTACK_CREATE_H

#include "build/build.h"
#include "lib/cancel.h"
#include "lib/privcmd.h"
#include "lib/steps.h"
#include "stream/io.h"
#include "toolstack/config.h"
#include "toolstack/store.h"

/* Sets of CPUs of one vcpu; NULL: all CPUs. */
struct vcpu_placement {
    unsigned char *hard;
    unsigned char *soft;
};

/* A domain about to be created. */
struct creation {
    /* Set by the caller; all 0: never cancelled, nobody told of steps. */
    const struct cancel *cancel;
    struct steps steps;
    bool watched; /* make a record for the watcher */
    /* By create_prepare(): */
    const struct vm_config *config;
    struct stream *saved;     /* a saved guest in place of a kernel, or NULL */
    const char *saved_config; /* text to keep; NULL: of config */
    struct kernel kernel;
    struct file_data ramdisk; /* not open where there is none */
    struct layout layout;
    struct vcpu_placement *placement; /* of each vcpu */
    unsigned int pool_id;
    unsigned int nr_host_cpus;
    uint64_t free_kib; /* of the host */
};

/**
 * Check a configuration against the host.
 *
 * @c  0 but for what the caller sets; creation_free() ends it; keeps the
 * pointer to the configuration
 *
 * Returns 0; -EEXIST (NAME_IN_USE); -errno (IMAGE, CONFIG, HOST_MEMORY, ..).
 */
int create_prepare(struct privcmd *p, struct store *s,
                   const struct vm_config *config, struct creation *c,
                   struct error **err_out);

/**
 * The same for a guest that comes out of a stream.
 *
 * @saved         where its libxl stream begins
 * @saved_config  text that came with it, or NULL; must stay
 */
int create_prepare_saved(struct privcmd *p, struct store *s,
                         const struct vm_config *config, struct stream *saved,
                         const char *saved_config, struct creation *c,
                         struct error **err_out);
void creation_free(struct creation *c);

/**
 * Make the domain.
 *
 * @paused     leave it paused
 * @domid_out  its id
 *
 * Returns 0; -errno, and the domain and its part of the store are gone:
 *         -ECANCELED (CANCELLED) where the creation's token is used.
 */
int create_run(struct privcmd *p, struct store *s, const struct creation *c,
               bool paused, domid_t *domid_out, struct error **err_out);

#endif
