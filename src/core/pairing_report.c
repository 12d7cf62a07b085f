#include "core/pairing_report.h"

#include <string.h>

#include "util/macros.h"

void pairing_report(const struct pairing *pairing, uint64_t now_ms,
    struct auto_pair_request *requests, struct auto_pair *ret_state)
{
	bool done = pairing->state == PAIRING_DONE;

	auto_pair_init(ret_state, done                 ? AUTO_PAIR_DONE
				  : pairing->pace.slow ? AUTO_PAIR_SLOW
						       : AUTO_PAIR_FAST);
	ret_state->approved = pairing->approved;
	ret_state->rejected = pairing->rejected;
	ret_state->failed = pairing->failed;
	ret_state->timeouts = pairing->timeouts;
	ret_state->polls = pairing->polls;
	ret_state->skipped_polls = pairing->skipped_polls;
	if (!done) {
		ret_state->next_poll_in_ms =
		    pairing->state == PAIRING_WAITING
			? (int64_t)time_left_ms(pairing_deadline_ms(pairing), now_ms)
			: 0;
		ret_state->deadline_in_ms = (int64_t)time_left_ms(pairing->deadline_ms, now_ms);
	}
	strcpy(ret_state->last_error, pairing->last_error);
	for (size_t i = 0; i < pairing->table.count; i++)
		requests[i] = pairing->table.requests[i].shown;
	ret_state->pending = requests;
	ret_state->pending_count = pairing->table.count;
}
