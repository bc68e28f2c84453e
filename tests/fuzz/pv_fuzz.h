/* SPDX-License-Identifier: MIT */
/* What the targets of pv_fuzz.c share. */
#ifndef PV_FUZZ_H
#define PV_FUZZ_H

#include "fake_port.h"

#define FUZZ_PAGES 3

/* A half of a driver, with a peer that the input makes up. */
struct fuzz_target {
    const char *name;         /* of the program, as it is called */
    const char *front, *back; /* nodes */
    bool is_front;            /* the half that is tested */
    /** Start it, and connect. */
    void (*begin)(void);
    /** Find where its rings are now. May be NULL. */
    void (*find)(void);
    /** Something that makes more sense than bytes by chance. May be NULL. */
    void (*speak)(void);
    /** End it; it has to. */
    void (*end)(void);
};

struct fuzz {
    uint8_t *memory[FUZZ_PAGES]; /* that the input writes; may be NULL */
    evtchn_port_t port;          /* of the front-end */
    bool removed;
};

extern struct fuzz fuzz;

extern const struct fuzz_target fuzz_blkback, fuzz_blkfront, fuzz_netback,
    fuzz_netfront;

/** Stop here, for libFuzzer to see. */
void must(bool good, const char *what);

/** The next byte of the input; 0 at its end. */
uint8_t fuzz_byte(void);

#endif
