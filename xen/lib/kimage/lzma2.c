/* SPDX-License-Identifier: MIT */
/*
 * LZMA2: chunks of LZMA, or of plain bytes, behind each other.
 *
 * A binary range decoder turns the input into bits, each with an adaptive
 * probability of its own; the bits make up literals and matches. This is
 * where a boot spends its time, so the inner loop keeps all its state in
 * local variables and looks at the end of the input once per symbol: a symbol
 * takes at most LZMA2_READ_AHEAD bytes, and as many are known to follow.
 */
#include "xen/errno.h"
#include "xen/string.h"

#include "kimage_internal.h"

#define PROB_BITS    11
#define PROB_INIT    (1u << (PROB_BITS - 1))
#define PROB_MOVE    5
#define RANGE_BOTTOM (1u << 24)
#define RC_INIT_SIZE 5

/*
 * What a 0 takes off a probability, less than nothing. This is the same number
 * as -((2048 - p) >> 5), an instruction or two shorter.
 */
#define PROB_STEP(p)    (((int32_t)(p)-2017) >> PROB_MOVE)

#define NR_STATES       12
#define NR_POS_STATES   16
#define NR_LIT_STATES   7 /* states below this one follow a literal */
#define NR_DIST_STATES  4
#define MATCH_LEN_MIN   2

#define SLOT_DIRECT     14 /* slots from here on have bits at even odds */
#define SLOT_MODEL      4  /* slots from here on have extra bits */
#define ALIGN_BITS      4
#define NR_DIST_SPECIAL 115

#define LITERAL_PROBS   0x300
#define LC_LP_MAX       4

typedef uint16_t prob_t;

struct length_probs {
    prob_t choice;
    prob_t choice2;
    prob_t low[NR_POS_STATES][8];
    prob_t mid[NR_POS_STATES][8];
    prob_t high[256];
};

/* The first field is where model_reset() begins. */
struct model {
    prob_t is_match[NR_STATES][NR_POS_STATES];
    prob_t is_rep[NR_STATES];
    prob_t is_rep0[NR_STATES];
    prob_t is_rep1[NR_STATES];
    prob_t is_rep2[NR_STATES];
    prob_t is_rep0_long[NR_STATES][NR_POS_STATES];
    prob_t dist_slot[NR_DIST_STATES][64];
    prob_t dist_special[NR_DIST_SPECIAL];
    prob_t dist_align[1u << ALIGN_BITS];
    struct length_probs match_len;
    struct length_probs rep_len;
    prob_t literal[LITERAL_PROBS << LC_LP_MAX];
};

/* The latest match distances less 1, newest first. */
struct reps {
    uint32_t r0, r1, r2, r3;
};

struct lzma {
    struct model *model;
    const uint8_t *dict_start; /* matches don't reach before this */
    unsigned int state;
    struct reps reps;
    unsigned int lc;
    uint32_t lp_mask;
    uint32_t pos_mask;
};

_Static_assert(sizeof(struct model) <= LZMA2_WORK_SIZE, "raise the size");

/* The range decoder. Always a local variable, so that it is in registers. */
struct rc {
    uint32_t range;
    uint32_t code;
    const uint8_t *in;
};

KIMAGE_INLINE void rc_normalize(struct rc *rc)
{
    if (unlikely(rc->range < RANGE_BOTTOM)) {
        rc->range <<= 8;
        rc->code = rc->code << 8 | *rc->in++;
    }
}

KIMAGE_INLINE bool rc_bit(struct rc *rc, prob_t *prob)
{
    uint32_t p, bound;

    rc_normalize(rc);
    p = *prob;
    bound = (rc->range >> PROB_BITS) * p;
    if (rc->code < bound) {
        rc->range = bound;
        *prob = (prob_t)((int32_t)p - PROB_STEP(p));
        return false;
    }
    rc->range -= bound;
    rc->code -= bound;
    *prob = (prob_t)(p - (p >> PROB_MOVE));
    return true;
}

/* One step down a tree of probabilities: m becomes 2m or 2m + 1. */
KIMAGE_INLINE uint32_t rc_step(struct rc *rc, prob_t *tree, uint32_t m)
{
    return rc_bit(rc, &tree[m]) ? 2 * m + 1 : 2 * m;
}

/*
 * Whole trees, topmost bit first; the result has a 1 above its bits. The steps
 * are written out since a loop counter would be a tenth of the work.
 */
KIMAGE_INLINE uint32_t rc_tree3(struct rc *rc, prob_t *tree, uint32_t m)
{
    m = rc_step(rc, tree, m);
    m = rc_step(rc, tree, m);
    return rc_step(rc, tree, m);
}

KIMAGE_INLINE uint32_t rc_tree6(struct rc *rc, prob_t *tree)
{
    return rc_tree3(rc, tree, rc_tree3(rc, tree, 1));
}

KIMAGE_INLINE uint32_t rc_tree8(struct rc *rc, prob_t *tree)
{
    uint32_t m = rc_tree3(rc, tree, rc_tree3(rc, tree, 1));

    m = rc_step(rc, tree, m);
    return rc_step(rc, tree, m);
}

/* Lowest bit first. */
KIMAGE_INLINE uint32_t rc_tree_reverse(struct rc *rc, prob_t *tree,
                                       unsigned int bits)
{
    uint32_t m = 1, x = 0;
    unsigned int i;

    for (i = 0; i < bits; i++) {
        if (rc_bit(rc, &tree[m])) {
            m = 2 * m + 1;
            x |= 1u << i;
        } else {
            m = 2 * m;
        }
    }
    return x;
}

/* Bits without a probability, topmost first, appended to x. */
KIMAGE_INLINE uint32_t rc_direct(struct rc *rc, uint32_t x, unsigned int bits)
{
    while (bits--) {
        uint32_t below;

        rc_normalize(rc);
        rc->range >>= 1;
        rc->code -= rc->range;
        below = 0 - (rc->code >> 31);
        rc->code += rc->range & below;
        x = 2 * x + 1 + below;
    }
    return x;
}

/*
 * A literal behind a match: the byte that the match would have gone on with,
 * `match`, chooses the probabilities as long as its bits are the same.
 */
struct matched {
    uint32_t m;     /* as in rc_step() */
    uint32_t match; /* its bits at 0x100 upwards were used */
    uint32_t same;  /* 0x100 as long as all bits were the same, then 0 */
};

KIMAGE_INLINE void matched_step(struct rc *rc, prob_t *probs, struct matched *l)
{
    uint32_t bit;

    l->match <<= 1;
    bit = l->match & l->same;
    if (rc_bit(rc, &probs[l->same + bit + l->m])) {
        l->m = 2 * l->m + 1;
        l->same = bit;
    } else {
        l->m = 2 * l->m;
        l->same ^= bit;
    }
}

KIMAGE_INLINE uint32_t literal_matched(struct rc *rc, prob_t *probs,
                                       uint32_t match)
{
    struct matched l = {.m = 1, .match = match, .same = 0x100};

    matched_step(rc, probs, &l);
    matched_step(rc, probs, &l);
    matched_step(rc, probs, &l);
    matched_step(rc, probs, &l);
    matched_step(rc, probs, &l);
    matched_step(rc, probs, &l);
    matched_step(rc, probs, &l);
    matched_step(rc, probs, &l);
    return l.m;
}

KIMAGE_INLINE uint32_t length_decode(struct rc *rc, struct length_probs *probs,
                                     uint32_t pos_state)
{
    if (!rc_bit(rc, &probs->choice))
        return rc_tree3(rc, probs->low[pos_state], 1) - 8 + MATCH_LEN_MIN;
    if (!rc_bit(rc, &probs->choice2))
        return rc_tree3(rc, probs->mid[pos_state], 1) + MATCH_LEN_MIN;
    return rc_tree8(rc, probs->high) - 256 + 16 + MATCH_LEN_MIN;
}

/* Distance less 1 of a match of `len` bytes. */
KIMAGE_INLINE uint32_t distance_decode(struct rc *rc, struct model *model,
                                       uint32_t len)
{
    uint32_t row = len - MATCH_LEN_MIN;
    uint32_t slot, dist;
    unsigned int bits;

    if (row >= NR_DIST_STATES)
        row = NR_DIST_STATES - 1;
    slot = rc_tree6(rc, model->dist_slot[row]) - 64;
    if (slot < SLOT_MODEL)
        return slot;
    bits = (slot >> 1) - 1;
    dist = 2 | (slot & 1);
    if (slot < SLOT_DIRECT) {
        dist <<= bits;
        /* The trees of these slots lie one behind the other; [0] is unused. */
        return dist +
               rc_tree_reverse(rc, model->dist_special + dist - slot, bits);
    }
    dist = rc_direct(rc, dist, bits - ALIGN_BITS) << ALIGN_BITS;
    return dist + rc_tree_reverse(rc, model->dist_align, ALIGN_BITS);
}

KIMAGE_INLINE void reps_push(struct reps *reps, uint32_t dist)
{
    reps->r3 = reps->r2;
    reps->r2 = reps->r1;
    reps->r1 = reps->r0;
    reps->r0 = dist;
}

/* Move r1, r2 or r3, as the input says, to the front. */
KIMAGE_INLINE void reps_pick(struct rc *rc, struct model *model,
                             unsigned int state, struct reps *reps)
{
    uint32_t dist = reps->r1;

    if (rc_bit(rc, &model->is_rep1[state])) {
        if (rc_bit(rc, &model->is_rep2[state])) {
            dist = reps->r3;
            reps->r3 = reps->r2;
        } else {
            dist = reps->r2;
        }
        reps->r2 = reps->r1;
    }
    reps->r1 = reps->r0;
    reps->r0 = dist;
}

/*
 * Decode one chunk, which ends at `out_end` and `in_end`. Reads at most
 * LZMA2_READ_AHEAD bytes past in_end; the caller sees to it that these exist.
 */
static int chunk_decode(struct kimage_job *job, struct lzma *s,
                        const uint8_t *in_end, uint8_t *const out_end)
{
    struct model *const model = s->model;
    const uint8_t *const dict_start = s->dict_start;
    uint8_t *const buf_end = job->out_end;
    uint8_t *out = job->out;
    unsigned int state = s->state;
    struct reps reps = s->reps;
    const uint32_t lp_mask = s->lp_mask, pos_mask = s->pos_mask;
    const unsigned int lc = s->lc;
    uint8_t prev = out > dict_start ? out[-1] : 0;
    struct rc rc;

    rc.range = ~0u;
    rc.code = __builtin_bswap32(load_le32(job->in + 1));
    rc.in = job->in + RC_INIT_SIZE;

    while (out < out_end) {
        uint32_t pos = (uint32_t)(out - dict_start);
        uint32_t pos_state = pos & pos_mask;
        uint32_t len;

        if (unlikely(rc.in > in_end))
            return job_fail(job, -EIO, "damaged xz data: LZMA chunk too short");

        if (!rc_bit(&rc, &model->is_match[state][pos_state])) {
            prob_t *probs =
                model->literal +
                LITERAL_PROBS * (((pos & lp_mask) << lc) + (prev >> (8 - lc)));

            if (state < NR_LIT_STATES) {
                prev = (uint8_t)rc_tree8(&rc, probs);
                state = state < 4 ? 0 : state - 3;
            } else {
                prev = (uint8_t)literal_matched(&rc, probs,
                                                out[-(ptrdiff_t)reps.r0 - 1]);
                state = state < 10 ? state - 3 : state - 6;
            }
            *out++ = prev;
            continue;
        }

        if (!rc_bit(&rc, &model->is_rep[state])) {
            len = length_decode(&rc, &model->match_len, pos_state);
            reps_push(&reps, distance_decode(&rc, model, len));
            state = state < NR_LIT_STATES ? 7 : 10;
        } else {
            if (!rc_bit(&rc, &model->is_rep0[state])) {
                if (!rc_bit(&rc, &model->is_rep0_long[state][pos_state])) {
                    if (unlikely(reps.r0 >= pos))
                        goto bad_distance;
                    state = state < NR_LIT_STATES ? 9 : 11;
                    prev = out[-(ptrdiff_t)reps.r0 - 1];
                    *out++ = prev;
                    continue;
                }
            } else {
                reps_pick(&rc, model, state, &reps);
            }
            len = length_decode(&rc, &model->rep_len, pos_state);
            state = state < NR_LIT_STATES ? 8 : 11;
        }

        if (unlikely(reps.r0 >= pos))
            goto bad_distance;
        if (unlikely(len > (size_t)(out_end - out)))
            return job_fail(job, -EIO, "damaged xz data: LZMA match too long");
        match_copy(out, (size_t)reps.r0 + 1, len, (size_t)(buf_end - out));
        out += len;
        prev = out[-1];
    }

    rc_normalize(&rc);
    if (rc.in != in_end || rc.code != 0)
        return job_fail(job, -EIO, "damaged xz data: LZMA chunk ends wrongly");
    job->in = in_end;
    job->out = out;
    s->state = state;
    s->reps = reps;
    return 0;

bad_distance:
    return job_fail(job, -EIO, "damaged xz data: LZMA distance too far");
}

static void probs_reset(prob_t *probs, size_t size)
{
    size_t i;

    for (i = 0; i < size / sizeof(*probs); i++)
        probs[i] = PROB_INIT;
}

/* Forget all that was learnt; keep lc, lp and pb. */
static void lzma_reset(struct lzma *s)
{
    probs_reset((prob_t *)s->model, sizeof(*s->model));
    s->reps = (struct reps){0};
    s->state = 0;
}

/* Take lc, lp and pb from their common byte. */
static int props_set(struct kimage_job *job, struct lzma *s, unsigned int props)
{
    unsigned int lc = props % 9, lp = props / 9 % 5, pb = props / 45;

    if (pb > 4 || lc + lp > LC_LP_MAX)
        return job_fail(job, -EIO, "damaged xz data: wrong LZMA properties");
    s->lc = lc;
    s->lp_mask = (1u << lp) - 1;
    s->pos_mask = (1u << pb) - 1;
    return 0;
}

/* A chunk of plain bytes; control is 1 (forget the dictionary) or 2. */
static int plain_chunk(struct kimage_job *job)
{
    size_t len;

    if (job_in_left(job) < 2)
        return job_fail(job, -EIO, "damaged xz data: it is cut off");
    len = (size_t)(job->in[0] << 8 | job->in[1]) + 1;
    job->in += 2;
    if (job_in_left(job) < len)
        return job_fail(job, -EIO, "damaged xz data: it is cut off");
    if (job_out_left(job) < len)
        return job_fail(job, -ENOSPC, "kernel unpacks to more than it says");
    memcpy(job->out, job->in, len);
    job->in += len;
    job->out += len;
    return 0;
}

/* What the control byte of an LZMA chunk says beside the top size bits. */
enum lzma_reset {
    RESET_NONE,
    RESET_STATE,
    RESET_PROPS,
    RESET_ALL, /* the dictionary too */
};

static int lzma_chunk(struct kimage_job *job, struct lzma *s,
                      unsigned int control, bool need_props)
{
    enum lzma_reset reset = control >> 5 & 3;
    size_t out_len, in_len;
    int rc;

    if (job_in_left(job) < 5 + 1)
        return job_fail(job, -EIO, "damaged xz data: it is cut off");
    out_len = ((control & 0x1f) << 16 | job->in[0] << 8 | job->in[1]) + 1;
    in_len = (size_t)(job->in[2] << 8 | job->in[3]) + 1;
    job->in += 4;
    if (reset >= RESET_PROPS) {
        rc = props_set(job, s, *job->in++);
        if (rc)
            return rc;
    } else if (need_props) {
        return job_fail(job, -EIO, "damaged xz data: no LZMA properties");
    }
    if (reset >= RESET_STATE)
        lzma_reset(s);
    if (in_len < RC_INIT_SIZE || job->in[0] != 0)
        return job_fail(job, -EIO, "damaged xz data: wrong LZMA chunk");
    if (job_in_left(job) < in_len + LZMA2_READ_AHEAD)
        return job_fail(job, -EIO, "damaged xz data: it is cut off");
    if (job_out_left(job) < out_len)
        return job_fail(job, -ENOSPC, "kernel unpacks to more than it says");
    return chunk_decode(job, s, job->in + in_len, job->out + out_len);
}

int lzma2_decode(struct kimage_job *job)
{
    struct lzma s = {.model = job->work};
    bool need_dict = true, need_props = true;

    for (;;) {
        unsigned int control;
        int rc;

        if (job_in_left(job) < 1)
            return job_fail(job, -EIO, "damaged xz data: it is cut off");
        control = *job->in++;
        if (control == 0)
            return 0;
        if (control == 1 || control >= 0xe0) {
            s.dict_start = job->out;
            need_dict = false;
            need_props = true;
        } else if (need_dict || (control > 2 && control < 0x80)) {
            return job_fail(job, -EIO, "damaged xz data: wrong chunk type");
        }
        if (control <= 2) {
            rc = plain_chunk(job);
        } else {
            rc = lzma_chunk(job, &s, control, need_props);
            need_props = false;
        }
        if (rc)
            return rc;
    }
}
