/* The status reply for people: what nemoctl prints. Pure. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "core/snapshot.h"
#include "util/text.h"

enum {
	STATUS_WIDTH_MIN = 40,
	STATUS_WIDTH_MAX = 200, /* longer lines do not read well */
};

struct status_style {
	int64_t now_ms; /* since 1970 */
	unsigned width; /* columns; taken into STATUS_WIDTH_MIN … STATUS_WIDTH_MAX */
	bool has_colour;
};

/* `nemoctl status`: a head line, the table, for each troubled service why and what next. */
void status_text_add(
    struct text *text, const struct snapshot *snapshot, const struct status_style *style);

/* `nemoctl status NAME`: everything about one service. */
void status_text_add_service(struct text *text, const struct snapshot *snapshot,
    const struct snapshot_service *service, const struct status_style *style);
