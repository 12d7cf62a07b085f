#include "core/auto_pair.h"

#include <stdlib.h>

#include "util/macros.h"

static const char *const mode_names[] = {
	[AUTO_PAIR_FAST] = "fast",
	[AUTO_PAIR_SLOW] = "slow",
	[AUTO_PAIR_DONE] = "done",
	[AUTO_PAIR_DISABLED] = "disabled",
	[AUTO_PAIR_DOWN] = "down",
};
static_assert(ARRAY_LEN(mode_names) == AUTO_PAIR_MODE_COUNT_, "a name for every mode");

static const char *const verdict_names[] = {
	[AUTO_PAIR_WAITING] = "waiting",
	[AUTO_PAIR_APPROVING] = "approving",
	[AUTO_PAIR_REFUSED] = "refused",
	[AUTO_PAIR_FAILED] = "failed",
};
static_assert(ARRAY_LEN(verdict_names) == AUTO_PAIR_VERDICT_COUNT_, "a name for every verdict");

void auto_pair_init(struct auto_pair *state, enum auto_pair_mode mode)
{
	*state = (struct auto_pair){
		.mode = mode, .last_poll_at_ms = -1, .next_poll_in_ms = -1, .deadline_in_ms = -1
	};
}

void auto_pair_deinit(struct auto_pair *state)
{
	free(state->pending);
	state->pending = NULL;
	state->pending_count = 0;
}

const char *auto_pair_mode_to_string(enum auto_pair_mode mode)
{
	return mode_names[mode];
}

const char *auto_pair_verdict_to_string(enum auto_pair_verdict verdict)
{
	return verdict_names[verdict];
}
