/* SPDX-License-Identifier: MIT */
/*
 * Writes a file of numbered, pairwise different blocks, drops it from the page
 * cache, reads it back and compares.
 *
 * usage: diskcheck FILE MEBIBYTES
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BLOCK_SIZE  (1024 * 1024)
#define BLOCK_WORDS (BLOCK_SIZE / sizeof(uint64_t))

/* The content of a block, from its number alone (xorshift64). */
static void block_fill(uint64_t *block, uint64_t number)
{
    uint64_t state = (number + 1) * 0x9e3779b97f4a7c15;

    for (size_t i = 0; i < BLOCK_WORDS; i++) {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        block[i] = state;
    }
}

static void die(const char *what)
{
    perror(what);
    exit(1);
}

static void file_write(int fd, uint64_t *block, unsigned int nr_blocks)
{
    for (unsigned int n = 0; n < nr_blocks; n++) {
        block_fill(block, n);
        if (write(fd, block, BLOCK_SIZE) != BLOCK_SIZE)
            die("write");
    }
    if (fsync(fd) < 0)
        die("fsync");
}

/* Clean pages leave the page cache, so that the next read is the disk's. */
static void cache_drop(void)
{
    int fd = open("/proc/sys/vm/drop_caches", O_WRONLY);

    if (fd < 0 || write(fd, "3", 1) != 1)
        die("drop_caches");
    close(fd);
}

static void file_compare(int fd, uint64_t *block, unsigned int nr_blocks)
{
    static uint64_t back[BLOCK_WORDS];

    for (unsigned int n = 0; n < nr_blocks; n++) {
        block_fill(block, n);
        if (pread(fd, back, BLOCK_SIZE, (off_t)n * BLOCK_SIZE) != BLOCK_SIZE)
            die("read");
        for (size_t i = 0; i < BLOCK_WORDS; i++) {
            if (back[i] != block[i]) {
                printf("byte %llu of block %u: expected %016llx, got %016llx\n",
                       (unsigned long long)(i * sizeof(*back)), n,
                       (unsigned long long)block[i],
                       (unsigned long long)back[i]);
                exit(1);
            }
        }
    }
}

int main(int argc, char **argv)
{
    static uint64_t block[BLOCK_WORDS];
    unsigned int nr_blocks;
    int fd;

    if (argc != 3) {
        fputs("usage: diskcheck FILE MEBIBYTES\n", stderr);
        return 2;
    }
    nr_blocks = (unsigned int)strtoul(argv[2], NULL, 10);
    fd = open(argv[1], O_CREAT | O_TRUNC | O_RDWR, 0600);
    if (fd < 0)
        die(argv[1]);
    file_write(fd, block, nr_blocks);
    cache_drop();
    file_compare(fd, block, nr_blocks);
    close(fd);
    return 0;
}
