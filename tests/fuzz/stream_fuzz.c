/* SPDX-License-Identifier: MIT */
/*
 * Fuzz targets of saved guests, over the fake hypervisor of tests/dom0_tools:
 * the configuration in front (config), and the domain (restore). Nothing may
 * crash, leak or fail without a reason. Behind what the fuzzer gives there are
 * zeros, so that pages need not be in it.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "lib/worker.h"
#include "stream/file.h"
#include "toolstack/saved_config.h"

#include "fake_dom0.h"

#define ZEROS (1 << 20)

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool wants_restore;

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    wants_restore = strstr((*argv)[0], "_restore") != NULL;
    return 0;
}

/* What the fake hypervisor is linked with in its own tests. */

void fake_host_reset(void)
{
}

void fake_store_set(const char *path, const char *value)
{
    (void)path, (void)value;
}

int worker_run(int (*run)(void *ctx, struct error **err_out), void *ctx,
               const struct cancel *cancel, struct error **err_out)
{
    unsigned int mappings = fake_mappings();
    int rc = run(ctx, err_out);

    (void)cancel;
    fake_unmap(mappings);
    return rc;
}

void *worker_shared(size_t size)
{
    return calloc(1, size);
}

void worker_shared_free(void *memory, size_t size)
{
    (void)size;
    free(memory);
}

static void refused(struct error *err)
{
    char *text = err ? error_text(err) : NULL;

    if (!text || !*text)
        abort();
    free(text);
    error_free(err);
}

static int stream_make(const uint8_t *data, size_t size)
{
    int fd = memfd_create("stream", MFD_CLOEXEC);

    if (fd < 0 || write(fd, data, size) != (ssize_t)size ||
        ftruncate(fd, (off_t)size + ZEROS) || lseek(fd, 0, SEEK_SET))
        abort();
    return fd;
}

/* It must stay understood without its first disk, too. */
static void device_try(const char *text)
{
    const struct saved_config_device gone = {.class = "vbd",
                                             .number = disk_number("xvda")};
    struct error *err = NULL;
    struct vm_config config;
    char *edited;

    if (saved_config_edit_device(text, &gone, &edited, &err) ||
        saved_config_parse(edited, &config, &err))
        abort();
    vm_config_free(&config);
    free(edited);
}

static void pins_try(const char *text)
{
    const struct saved_config_pins pins = {1, 2, 4, "0", "all"};
    struct error *err = NULL;
    struct vm_config config;
    char *edited;

    if (saved_config_edit_pins(text, &pins, &edited, &err) ||
        saved_config_parse(edited, &config, &err) || config.nr_cpus < 4)
        abort();
    vm_config_free(&config);
    free(edited);
}

/* Its configuration must stay understood when it has been brought up to date.
 */
static void config_try(struct stream *s)
{
    const struct saved_config_now now = {"again", 4096, 8192, 7};
    struct error *err = NULL;
    struct vm_config config;
    char *text, *edited;

    if (file_head_read(s, &text, &err)) {
        refused(err);
        return;
    }
    if (text && saved_config_parse(text, &config, &err)) {
        refused(err);
    } else if (text) {
        vm_config_free(&config);
        if (saved_config_edit(text, &now, &edited, &err) ||
            saved_config_parse(edited, &config, &err) ||
            strcmp(config.name, "again") || config.domid != 7)
            abort();
        vm_config_free(&config);
        device_try(edited);
        pins_try(edited);
        free(edited);
    }
    free(text);
}

static void restore_try(struct stream *s)
{
    struct restore_request request = {
        .domid = 1, .max_vcpus = 2, .nr_pages = 256};
    struct restore_result result;
    struct error *err = NULL;
    struct privcmd *p;

    fake_dom0_reset();
    fake_domain_make(1, "vm", 2, 0);
    if (privcmd_open(&p, NULL))
        abort();
    if (file_domain_read(p, &request, s, &result, &err))
        refused(err);
    fake_unmap(0);
    privcmd_close(p);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct stream s = {.fd = stream_make(data, size), .name = "it"};

    if (wants_restore)
        restore_try(&s);
    else
        config_try(&s);
    close(s.fd);
    return 0;
}
