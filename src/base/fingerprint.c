/*
 * SipHash-1-3, after Aumasson and Bernstein, "SipHash: a fast short-input PRF" (2012): four words of state,
 * one round for each word of the text, three at the end. It is what Rust, Ruby and Python hash their texts
 * with: about as quick as a naive hash, but without texts that are likely to collide because they are alike,
 * as user ids are.
 *
 * The key is no secret, and fixed so that results can be looked up; it is the one for which the authors give
 * test vectors. Who computes for it may find two texts with the same fingerprint, after some 2^32 tries; to
 * find one with that of a given text takes 2^63. OpenSSL has SipHash as well, but sets up a context for each
 * text, which costs many times as much as the hashing.
 */
#include "base/fingerprint.h"

#include <endian.h>
#include <string.h>

enum { WORD = 8 /* bytes */ };

struct state {
    uint64_t v0, v1, v2, v3;
};

static uint64_t rotated(uint64_t word, unsigned bits)
{
    return word << bits | word >> (64 - bits);
}

static void round_once(struct state *state)
{
    state->v0 += state->v1;
    state->v2 += state->v3;
    state->v1 = rotated(state->v1, 13) ^ state->v0;
    state->v3 = rotated(state->v3, 16) ^ state->v2;
    state->v0 = rotated(state->v0, 32);
    state->v2 += state->v1;
    state->v0 += state->v3;
    state->v1 = rotated(state->v1, 17) ^ state->v2;
    state->v3 = rotated(state->v3, 21) ^ state->v0;
    state->v2 = rotated(state->v2, 32);
}

static void take_word(struct state *state, uint64_t word)
{
    state->v3 ^= word;
    round_once(state);
    state->v0 ^= word;
}

/* The first `size` bytes, at most a word of them, the lowest first. */
static uint64_t word_at(const unsigned char *bytes, size_t size)
{
    uint64_t word = 0;

    memcpy(&word, bytes, size);
    return le64toh(word);
}

uint64_t fingerprint(const void *bytes, size_t size)
{
    enum { LAST_ROUNDS = 3 };
    static const uint64_t key[] = {0x0706050403020100, 0x0f0e0d0c0b0a0908};
    /* "somepseudorandomlygeneratedbytes" */
    struct state state = {key[0] ^ 0x736f6d6570736575, key[1] ^ 0x646f72616e646f6d,
                          key[0] ^ 0x6c7967656e657261, key[1] ^ 0x7465646279746573};
    const unsigned char *at = bytes;
    size_t rest = size;

    for (; rest >= WORD; at += WORD, rest -= WORD)
        take_word(&state, word_at(at, WORD));
    take_word(&state, word_at(at, rest) | (uint64_t)size << 56);
    state.v2 ^= 0xff;
    for (int i = 0; i < LAST_ROUNDS; i++)
        round_once(&state);
    return state.v0 ^ state.v1 ^ state.v2 ^ state.v3;
}
