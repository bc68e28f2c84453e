/* SPDX-License-Identifier: MIT */
/*
 * A guest called `vm` for tests of its life: files in a folder of the test, a
 * host whose backends answer at once.
 */
#ifndef VM_SETUP_H
#define VM_SETUP_H

#define VM_UUID "685283ac-83f2-4d23-b79a-87c63dfaca78"

/* Of the test's files, which is the current one, too. */
extern char vm_folder[];

/** cmocka's setup and teardown of all tests of a program. */
int vm_folder_make(void **state);
int vm_folder_remove(void **state);

/** cmocka's setup of one test: the host, and vm.cfg without additions. */
int vm_host(void **state);

/** Write vm.cfg, with more lines at its end. */
void vm_config_write(const char *more);

/** Value of a node, `(none)` where there is none. */
const char *vm_node(const char *path);

/** What backends do when a node is written: take each device, let it go. */
void vm_backends(const char *path, const char *value);

#endif
