/*
 * Replies as lines (spec 20 part 4): `{"ok":true,…}` or `{"ok":false,"error":{…}}`, the request's
 * id echoed where it had one. The server encodes, nemoctl decodes. The status reply has its own
 * file, snapshot_json.h.
 *
 * Every encoder returns one line on the heap, its newline included, which the caller frees; NULL
 * when memory is short. Text must be printable UTF-8 already (text_add_printable); the only
 * control character a message may have is a newline.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "core/request.h"
#include "util/error.h"

struct cJSON;
struct text;

/* id: "" for none, in all of these. */
char *reply_encode_ok(const char *id);
char *reply_encode_error(const char *id, enum reply_code code, const char *message);

/* The answer of recover and restart. `ok` when every outcome is a good one (reply_is_good). */
char *reply_encode_outcomes(const char *id, const struct service_outcome *outcomes, size_t count);

/* Is the service up, or rightly down, with this outcome? */
bool reply_is_good(enum outcome outcome);

/* For other codecs: an object with `id` and `ok` in it, NULL when memory is short. */
struct cJSON *reply_new(const char *id, bool ok);

/*
 * Prints root as one line and frees it; NULL when memory is short or when `complete` says that
 * some part is missing already. root may be NULL.
 */
char *reply_encode_line(struct cJSON *root, bool complete);

/*
 * A decoded reply. The strings are borrowed from `root`, which the caller frees with reply_deinit.
 */
struct reply {
	struct cJSON *root;
	bool ok;
	bool has_error;
	enum reply_code code; /* of the error; a code we do not know counts as `failed` */
	const char *message;  /* of the error; never NULL when there is one */
	struct service_outcome *outcomes;
	size_t outcome_count;
};

/*
 * Reads any reply line: `ok`, the error, and `services` if they are outcomes (has_outcomes: the
 * reply must have them unless it is an error). Returns 0, -ENOMEM, or -EINVAL and *error names the
 * field that is missing or wrong.
 */
int reply_decode(const char *line, size_t length_bytes, bool has_outcomes, struct reply *ret_reply,
    struct error *error);

/* Harmless on a zeroed reply, and twice. */
void reply_deinit(struct reply *reply);

/*
 * Adds a reply line as it came, but for bytes that a terminal might obey or that are no UTF-8: in a
 * string they become escapes (which mean the same, or U+FFFD), elsewhere blanks.
 */
void reply_add_printable(struct text *text, const char *line, size_t length_bytes);
