/* SPDX-License-Identifier: MIT */
/*
 * Journals and snapshots as files:
 *
 *   file:   struct file_head, batch, batch, ...
 *   batch:  struct batch_head, records, zeros up to the next multiple of 8
 *   record: struct record_head, data
 *
 * A batch's length is stored last: before that a reader finds 0 there, and that
 * is the end. Batch 0 of a journal is the state that it starts from; the last
 * record of a complete snapshot is TREE_END.
 */
#include "journal_file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "log.h"
#include "ops.h"
#include "wire.h"

#define MAGIC   "xenstore"
#define VERSION 1

struct file_head {
    char magic[8];
    uint32_t version;
    uint32_t number;
    char boot_id[40]; /* of the host: the guests of another are not ours */
};

struct batch_head {
    uint32_t len; /* of the records; 0: end */
    uint32_t crc; /* CRC-32 of number, and records */
    uint64_t number;
};

enum tree_record {
    TREE_NODE = 1, /* struct tree_node, name, value, array of struct perm */
    TREE_END,
};

/* In record_head.domid: names above the node. */
struct tree_node {
    uint16_t name_len;
    uint16_t value_len;
    uint16_t nr_perms; /* 0: those of the node before */
    uint16_t pad;
};

/* A journal is long when it has more than its snapshot, and than this. */
#define LONG_JOURNAL (1UL << 20)

/* First size of a journal's file, and of what is added at once. */
#define CHUNK (256UL << 10)

static int folder_fd = -1;
static char boot_id[40];
static uint32_t number; /* of the newest files */
static uint32_t oldest; /* of the files that are there */

static struct {
    int fd;
    char *map;
    size_t size; /* of file and mapping */
    size_t len;  /* up to the last batch */
    uint64_t next;
} journal = {.fd = -1};

/* One node on the way to where the snapshot is. */
struct level {
    const struct node *node;
    struct dir_iter it;
};

static struct {
    int fd;
    struct node *root; /* NULL: no snapshot is being written */
    struct level *level;
    unsigned int depth, max_depth;
    const struct perms *perms; /* of the node before */
    struct buf batch;
    uint64_t next;
    size_t len;
} tree = {.fd = -1};

/* Bytes of the last complete snapshot. */
static size_t tree_len;

static uint32_t batch_crc(uint64_t nr, const char *records, size_t len)
{
    uint32_t crc = crc32(0, (const unsigned char *)&nr, sizeof(nr));

    return crc32(crc, (const unsigned char *)records, len);
}

static size_t padded(size_t len)
{
    return (len + 7) & ~(size_t)7;
}

static void file_name(char name[32], const char *kind, uint32_t nr)
{
    snprintf(name, 32, "%s.%u", kind, nr);
}

static int file_create(const char *kind, uint32_t nr)
{
    char name[32];

    file_name(name, kind, nr);
    return openat(folder_fd, name, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC,
                  0600);
}

static void file_remove(const char *kind, uint32_t nr)
{
    char name[32];

    file_name(name, kind, nr);
    unlinkat(folder_fd, name, 0);
}

static struct file_head new_head(uint32_t nr)
{
    struct file_head head = {.version = VERSION, .number = nr};

    memcpy(head.magic, MAGIC, sizeof(head.magic));
    memcpy(head.boot_id, boot_id, sizeof(head.boot_id));
    return head;
}

/* Without room for its state the daemon goes on; it says what that means. */
static void lost(const char *what, size_t size)
{
    log_line(LOG_LEVEL_ERROR,
             "%s.%u of %zu bytes: %s: until there is room, a restart loses "
             "what clients do",
             what, number, size, strerror(errno));
}

static bool journal_grow(size_t need)
{
    size_t size = journal.size;
    char *map;

    while (size < need)
        size += size < CHUNK * 4 ? CHUNK : size / 4 / CHUNK * CHUNK;
    if (size == journal.size)
        return true;
    /* Room is claimed here, so that a store to the mapping cannot fail. */
    errno = posix_fallocate(journal.fd, 0, size);
    if (errno)
        return false;
    map = journal.map ? mremap(journal.map, journal.size, size, MREMAP_MAYMOVE)
                      : mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED,
                             journal.fd, 0);
    if (map == MAP_FAILED)
        return false;
    journal.map = map;
    journal.size = size;
    return true;
}

void journal_file_append(struct buf *batch)
{
    struct batch_head head = {.len = batch->len, .number = journal.next};
    size_t need = journal.len + sizeof(head) + padded(batch->len);
    char *to;

    /* One more head of zeros is the end. */
    if (journal.fd < 0 || !journal_grow(need + sizeof(head))) {
        if (journal.fd >= 0) {
            lost("journal", need);
            close(journal.fd);
            journal.fd = -1;
        }
        buf_take(batch, batch->len);
        return;
    }
    to = journal.map + journal.len;
    memcpy(to + sizeof(head), buf_front(batch), batch->len);
    head.crc = batch_crc(head.number, buf_front(batch), batch->len);
    memcpy(to + sizeof(head.len), (char *)&head + sizeof(head.len),
           sizeof(head) - sizeof(head.len));
    __atomic_store_n((uint32_t *)(void *)to, head.len, __ATOMIC_RELEASE);
    journal.len = need;
    journal.next++;
    buf_take(batch, batch->len);
}

bool journal_file_is_long(void)
{
    return !tree.root && (journal.fd < 0 || (journal.len > LONG_JOURNAL &&
                                             journal.len > tree_len));
}

static void journal_unmap(void)
{
    if (journal.map)
        munmap(journal.map, journal.size);
    if (journal.fd >= 0)
        close(journal.fd);
    journal.map = NULL;
    journal.size = journal.len = 0;
    journal.fd = -1;
}

void journal_file_begin(struct buf *batch)
{
    struct file_head head = new_head(number + 1);

    journal_unmap();
    number++;
    journal.fd = file_create("journal", number);
    if (journal.fd >= 0 && journal_grow(CHUNK)) {
        memcpy(journal.map, &head, sizeof(head));
        journal.len = sizeof(head);
        journal.next = 0;
    }
    journal_file_append(batch);
    tree.fd = file_create("tree", number);
    if (tree.fd < 0 || write(tree.fd, &head, sizeof(head)) != sizeof(head)) {
        lost("tree", tree.len);
        return;
    }
    tree.root = node_get(store_root);
    tree.level = xmalloc(8 * sizeof(*tree.level));
    tree.max_depth = 8;
    tree.depth = 0;
    tree.perms = NULL;
    tree.next = 0;
    tree.len = sizeof(head);
    tree.level[0].node = NULL;
}

static void tree_add(const struct node *n, unsigned int depth)
{
    bool same = n->perms == tree.perms;
    struct tree_node node = {
        .name_len = n->name_len,
        .value_len = n->value_len,
        .nr_perms = same ? 0 : n->perms->nr,
    };
    size_t perms_len = node.nr_perms * sizeof(struct perm);
    struct record_head head = {
        .type = TREE_NODE,
        .domid = depth,
        .len = sizeof(node) + n->name_len + n->value_len + perms_len,
    };

    buf_add(&tree.batch, &head, sizeof(head));
    buf_add(&tree.batch, &node, sizeof(node));
    buf_add(&tree.batch, n->data, n->name_len + n->value_len);
    buf_add(&tree.batch, n->perms->perm, perms_len);
    tree.perms = n->perms;

    if (depth == tree.max_depth) {
        tree.max_depth *= 2;
        tree.level = xrealloc(tree.level, tree.max_depth * sizeof(*tree.level));
    }
    tree.level[depth].node = n;
    dir_iter_init(&tree.level[depth].it, n->dir);
}

/* Add the next node; false after the last one. */
static bool tree_step(void)
{
    struct node *child;

    if (!tree.level[0].node) {
        tree_add(tree.root, 0);
        return true;
    }
    for (;; tree.depth--) {
        child = dir_iter_next(&tree.level[tree.depth].it);
        if (child) {
            tree_add(child, ++tree.depth);
            return true;
        }
        if (!tree.depth)
            return false;
    }
}

static bool tree_write(void)
{
    static const char zeros[8];
    struct batch_head head = {
        .len = tree.batch.len,
        .crc = batch_crc(tree.next, buf_front(&tree.batch), tree.batch.len),
        .number = tree.next,
    };
    size_t size;
    bool ok;

    buf_add(&tree.batch, zeros, padded(head.len) - head.len);
    size = tree.batch.len;
    ok = write(tree.fd, &head, sizeof(head)) == sizeof(head) &&
         write(tree.fd, buf_front(&tree.batch), size) == (ssize_t)size;
    tree.len += sizeof(head) + size;
    tree.next++;
    buf_take(&tree.batch, size);
    return ok;
}

static void tree_end(bool ok)
{
    close(tree.fd);
    node_put(tree.root);
    free(tree.level);
    buf_free(&tree.batch);
    tree.root = NULL;
    if (!ok) {
        lost("tree", tree.len);
        file_remove("tree", number);
        tree_len = journal.len * 2;
        return;
    }
    tree_len = tree.len;
    for (; oldest < number; oldest++) {
        file_remove("tree", oldest);
        file_remove("journal", oldest);
    }
}

void journal_file_work(size_t bytes)
{
    struct record_head end = {.type = TREE_END};
    bool more = true, ok = true;
    size_t start = tree.len;

    if (!tree.root)
        return;
    while (more && ok && tree.len - start < bytes) {
        while ((more = tree_step()) && tree.batch.len < 64 * 1024 &&
               tree.batch.len < bytes)
            ;
        if (!more)
            buf_add(&tree.batch, &end, sizeof(end));
        ok = tree_write();
    }
    if (!more || !ok)
        tree_end(ok);
}

bool journal_file_busy(void)
{
    return tree.root != NULL;
}

void journal_file_close(void)
{
    journal_unmap();
}

/* Reading. */

struct reader {
    char *map;
    size_t size;
    size_t pos; /* of the next batch */
    uint64_t next;
};

static bool reader_open(struct reader *r, const char *kind, uint32_t nr)
{
    struct file_head want = new_head(nr);
    struct stat st;
    char name[32];
    int fd;

    *r = (struct reader){.pos = sizeof(want)};
    file_name(name, kind, nr);
    fd = openat(folder_fd, name, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    if (!fstat(fd, &st) && st.st_size >= (off_t)sizeof(want)) {
        r->size = st.st_size;
        r->map = mmap(NULL, r->size, PROT_READ, MAP_SHARED, fd, 0);
    }
    close(fd);
    if (!r->map || r->map == MAP_FAILED)
        return false;
    if (!memcmp(r->map, &want, sizeof(want)))
        return true;
    munmap(r->map, r->size);
    return false;
}

static void reader_close(struct reader *r)
{
    munmap(r->map, r->size);
}

/* The next batch's records; 0 at the end. */
static size_t reader_batch(struct reader *r, const char **records)
{
    struct batch_head head;

    if (r->size - r->pos < sizeof(head))
        return 0;
    memcpy(&head, r->map + r->pos, sizeof(head));
    *records = r->map + r->pos + sizeof(head);
    if (!head.len || head.len > r->size - r->pos - sizeof(head) ||
        head.number != r->next ||
        head.crc != batch_crc(head.number, *records, head.len))
        return 0;
    r->pos += sizeof(head) + padded(head.len);
    if (r->pos > r->size)
        r->pos = r->size;
    r->next++;
    return head.len;
}

/* The record at the start of records; 0 if it is not whole. */
static size_t next_record(const char *records, size_t len,
                          struct record_head *head)
{
    if (len < sizeof(*head))
        return 0;
    memcpy(head, records, sizeof(*head));
    if (head->len > len - sizeof(*head))
        return 0;
    return sizeof(*head) + head->len;
}

/* A tree that is read. */
struct growing {
    struct node **path; /* the last node of each depth */
    unsigned int max_depth;
    int depth; /* of the last node; -1: none yet */
    struct perms *perms;
    bool complete;
};

static bool read_node(struct growing *g, unsigned int depth, const char *data,
                      size_t len)
{
    struct tree_node node;
    struct perm *perm;
    struct node *n;

    if (len < sizeof(node))
        return false;
    memcpy(&node, data, sizeof(node));
    data += sizeof(node);
    if (len != sizeof(node) + node.name_len + node.value_len +
                   node.nr_perms * sizeof(*perm) ||
        (int)depth > g->depth + 1 || (g->depth >= 0 && !depth) ||
        (!node.nr_perms && !g->perms))
        return false;
    if (node.nr_perms) {
        perm = xmemdup(data + node.name_len + node.value_len,
                       node.nr_perms * sizeof(*perm));
        if (g->perms)
            perms_put(g->perms);
        g->perms = perms_intern(perm, node.nr_perms);
        free(perm);
    }
    n = node_new(data, node.name_len, data + node.name_len, node.value_len,
                 perms_get(g->perms), store_next_gen());
    if (depth == g->max_depth) {
        g->max_depth = depth ? 2 * depth : 8;
        g->path = xrealloc(g->path, g->max_depth * sizeof(*g->path));
    }
    g->path[depth] = n;
    g->depth = depth;
    if (depth)
        dir_insert(&g->path[depth - 1]->dir, n);
    return true;
}

/* Read a snapshot; NULL if it is not complete. */
static struct node *read_tree(uint32_t nr)
{
    struct growing g = {.depth = -1};
    struct record_head head;
    const char *records;
    struct reader r;
    struct node *root;
    size_t len, size = 0;

    if (!reader_open(&r, "tree", nr))
        return NULL;
    while (!g.complete && (len = reader_batch(&r, &records)))
        for (; len; len -= size, records += size) {
            size = next_record(records, len, &head);
            g.complete = size && head.type == TREE_END;
            if (!size || g.complete || head.type != TREE_NODE ||
                !read_node(&g, head.domid, records + sizeof(head), head.len))
                break;
        }
    reader_close(&r);
    root = g.depth >= 0 ? g.path[0] : NULL;
    if (root && !g.complete) {
        node_put(root);
        root = NULL;
    }
    if (g.perms)
        perms_put(g.perms);
    free(g.path);
    return root;
}

/* Read a journal; its first batch only if it follows its own tree. */
static bool read_journal(uint32_t nr, bool with_state, record_fn *fn)
{
    struct record_head head;
    const char *records;
    struct reader r;
    size_t len, size;
    bool sound = true;

    if (!reader_open(&r, "journal", nr))
        return false;
    while (sound && (len = reader_batch(&r, &records))) {
        if (r.next == 1 && !with_state)
            continue;
        for (; len && sound; len -= size, records += size) {
            size = next_record(records, len, &head);
            sound = size && fn(&head, records + sizeof(head));
        }
    }
    if (!sound)
        log_line(LOG_LEVEL_ERROR, "journal.%u: wrong record in batch %llu", nr,
                 (unsigned long long)r.next - 1);
    reader_close(&r);
    return true;
}

/* Lowest and highest number of the files in the folder; false if there are
 * none. */
static bool find_files(uint32_t *low, uint32_t *high)
{
    int fd = openat(folder_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = fd < 0 ? NULL : fdopendir(fd);
    const struct dirent *entry;
    bool found = false;
    uint64_t nr;

    while (dir && (entry = readdir(dir))) {
        const char *dot = strchr(entry->d_name, '.');

        if (!dot || wire_number(dot + 1, UINT32_MAX, &nr) ||
            (strncmp(entry->d_name, "tree.", 5) &&
             strncmp(entry->d_name, "journal.", 8)))
            continue;
        if (!found || nr < *low)
            *low = nr;
        if (!found || nr > *high)
            *high = nr;
        found = true;
    }
    if (dir)
        closedir(dir);
    return found;
}

static void charge_tree(const struct node *n)
{
    const struct node *child;
    struct dir_iter it;

    store_charge.fn(store_charge.arg, perms_owner(n->perms), 1, node_size(n));
    dir_iter_init(&it, n->dir);
    while ((child = dir_iter_next(&it)))
        charge_tree(child);
}

static void read_boot_id(void)
{
    int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);

    if (fd < 0)
        return;
    if (read(fd, boot_id, sizeof(boot_id) - 1) < 0)
        boot_id[0] = '\0';
    close(fd);
}

int journal_file_open(const char *folder, record_fn *fn)
{
    struct node *root = NULL;
    uint32_t nr;

    folder_fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder_fd < 0)
        return -errno;
    read_boot_id();
    if (!find_files(&oldest, &number)) {
        oldest = 1;
        return 0;
    }
    for (nr = number; !root; nr--) {
        root = read_tree(nr);
        if (root || nr == oldest)
            break;
    }
    if (!root)
        return 0;
    store_charge.fn(store_charge.arg, 0, -1, -(long)node_size(store_root));
    node_put(store_root);
    store_root = root;
    charge_tree(root);
    for (uint32_t i = nr; read_journal(i, i == nr, fn); i++)
        ;
    return 1;
}
