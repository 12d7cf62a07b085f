/* Lists of words, shell-like splitting, and ${VARIABLE} expansion: what config values are made of.
 */
#pragma once

#include <stddef.h>

#include "util/error.h"

enum {
	WORDS_MAX = 1024,           /* words a text is split into */
	WORDS_VALUE_BYTES = 131072, /* one expanded value, its NUL included */
	WORDS_SHOWN_BYTES = 1024,   /* of a command, for people */
};

struct words {
	char **items; /* owned, each owned; NULL-terminated unless NULL, so it can be an argv */
	size_t count;
};

/* Frees what is owned; a zeroed struct is an empty list. */
void words_deinit(struct words *words);

/* Appends word and takes it, also when it fails. 0 or -ENOMEM. */
int words_add(struct words *words, char *word);

/* The words as people would type them, more or less: one with blanks or quotes in quotes,
 * at most WORDS_SHOWN_BYTES of it, printable. A heap string; NULL without memory. */
char *words_join(const struct words *words);

/* Is name in the list? */
int words_has(const struct words *words, const char *name);

/* Splits at blanks; quotes are ordinary characters. The caller deinits *ret_words. */
int words_split_blanks(const char *text, struct words *ret_words, struct error *error);

/*
 * Splits as a shell does: blanks separate, '…' keeps everything, "…" keeps all but \" and \\,
 * a backslash keeps the next character. No other character is special. The caller deinits.
 */
int words_split_shell(const char *text, struct words *ret_words, struct error *error);

/* Where ${NAME} finds its value; NULL: not set. */
struct variables {
	const char *(*find)(const void *data, const char *name, size_t name_length_bytes);
	const void *data;
};

/*
 * Expands ${NAME} and ${NAME:-default} (for a variable that is unset or empty; defaults nest) and
 * turns $$ into $; any other $ stands for itself. An unset NAME without a default is -EINVAL.
 * *ret_text is the caller's.
 */
int words_expand(
    const char *text, const struct variables *variables, char **ret_text, struct error *error);

/* NAME's value in an environ-like list, or NULL. */
const char *environment_find(char *const *environment, const char *name, size_t name_length_bytes);
