/* SPDX-License-Identifier: MIT */
/* A guest called `vm`; see vm_setup.h. */
#include "vm_setup.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fake_dom0.h"
#include "kernel_setup.h"
#include "xl_setup.h"

char vm_folder[] = "/tmp/vm_test.XXXXXX";

void vm_config_write(const char *more)
{
    FILE *f = fopen("vm.cfg", "w");

    fprintf(f,
            "name = 'vm'\nuuid = '" VM_UUID "'\nkernel = 'kernel'\n"
            "ramdisk = 'ramdisk'\nmemory = 8\nvcpus = 1\nmaxvcpus = 2\n%s\n",
            more);
    fclose(f);
}

void vm_backends(const char *path, const char *value)
{
    const char *name = strrchr(path, '/');

    if ((!strstr(path, "/backend/v") && !strstr(path, "/backend/q") &&
         !strstr(path, "/backend/console")) ||
        !name || strcmp(name, "/state"))
        return;
    if (!strcmp(value, "1"))
        fake_store_set(path, "2");
    else if (!strcmp(value, "5"))
        fake_store_set(path, "6");
}

/* Configurations kept of domains that were never destroyed. */
static void saved_remove(void)
{
    char path[128];
    unsigned int domid;

    for (domid = 1; domid < FAKE_MAX_DOMAIN; domid++) {
        snprintf(path, sizeof(path), "userdata-d.%u." VM_UUID ".libxl-json",
                 domid);
        unlink(path);
        snprintf(path, sizeof(path), "userdata-w.%u." VM_UUID ".xl", domid);
        unlink(path);
    }
    unlink("xl-watch.lock");
}

int vm_host(void **state)
{
    xl_reset(state);
    saved_remove();
    fake_store_watcher(vm_backends);
    vm_config_write("");
    return 0;
}

const char *vm_node(const char *path)
{
    const char *value = fake_store_get(path);

    return value ? value : "(none)";
}

int vm_folder_make(void **state)
{
    const struct kernel_wish wish = {.p2m_apart = true, .mod_start_pfn = true};
    const struct kernel_wish native = {.no_notes = true};

    (void)state;
    if (!mkdtemp(vm_folder) || chdir(vm_folder))
        return -1;
    setenv("XENIA_SAVED_CONFIGS", vm_folder, 1);
    kernel_write("kernel", &wish);
    kernel_write("native", &native);
    bytes_write("ramdisk", 5000);
    return 0;
}

int vm_folder_remove(void **state)
{
    (void)state;
    saved_remove();
    unlink("kernel");
    unlink("native");
    unlink("ramdisk");
    unlink("image");
    unlink("script");
    unlink("vm.cfg");
    return chdir("/") || rmdir(vm_folder);
}
