/*
 * Masking secrets in what services write and in what is told about processes (spec 20 part 6).
 *
 * `***` stands for: what follows `token=`, `password=`, `secret=`, `api_key=` or `api-key=`, in any
 * case and with anything before it (`OPENCLAW_GATEWAY_TOKEN=`), or the same as a member of a JSON
 * object; the word behind an option that ends like that (`--gateway-token X`); the word behind
 * `Bearer`; user and password in a URL; and, wherever it stands, the value of a variable whose name
 * says that it is secret. Works on whole lines: what is torn apart by a line end is not seen. A
 * line loses its ANSI codes where they would hide a secret, and keeps them else.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "core/words.h"
#include "util/text.h"

enum {
	REDACT_VALUE_BYTES = 8, /* a shorter one of a variable is no secret: it would mask words */
	REDACT_SECRET_BYTES = 4096, /* a longer one may be torn where a line is split */
};

/* Values to be masked wherever they stand. A zeroed struct has none. */
struct redact {
	struct words values;
	const struct redact *others; /* that are masked as well; NULL: none */
};

/*
 * Takes the values of the variables in an environ-like list whose names end in _TOKEN, _KEY,
 * _SECRET or _PASSWORD, in place of those it had: each of their lines, without the blanks around
 * it. Returns 0 or -ENOMEM; the caller calls redact_deinit in any case.
 */
int redact_learn(struct redact *redact, char *const *environment);
void redact_deinit(struct redact *redact);

/*
 * Adds line to out, secrets masked. Returns false, and has added nothing, when there are none: the
 * line can be used as it is. Without memory out has less of it. redact NULL: no values.
 */
bool redact_line(
    const struct redact *redact, const char *line, size_t length_bytes, struct text *out);

/*
 * The same for what may have been cut: also the beginning of a value at its end, if it is not
 * shorter than REDACT_VALUE_BYTES. out is empty.
 */
bool redact_cut_line(
    const struct redact *redact, const char *line, size_t length_bytes, struct text *out);

/* Does a variable of this name hold a secret? */
bool redact_is_secret_name(const char *name, size_t length_bytes);
