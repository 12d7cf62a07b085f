#include "core/pairing_table.h"

#include <string.h>

#include "util/macros.h"

void pairing_table_init(struct pairing_table *table)
{
	table->count = 0;
	table->new_count = 0;
	table->before_count = 0;
}

void pairing_table_start(struct pairing_table *table)
{
	memcpy(table->before, table->requests, table->count * sizeof(table->requests[0]));
	table->before_count = table->count;
	table->count = 0;
	table->new_count = 0;
}

static const struct pairing_request *find(
    const struct pairing_request *requests, size_t count, const char *request_id)
{
	for (size_t i = 0; i < count; i++) {
		if (strcmp(requests[i].shown.request_id, request_id) == 0)
			return &requests[i];
	}
	return NULL;
}

static void fill(struct pairing_request *request, const struct devices_request *listed)
{
	*request = (struct pairing_request){ .shown.verdict = AUTO_PAIR_WAITING };
	strcpy(request->shown.request_id, listed->request_id);
	strcpy(request->shown.client_id, listed->client_id);
	strcpy(request->shown.client_mode, listed->client_mode);
	strcpy(request->shown.scopes, listed->scopes);
	strcpy(request->device_id, listed->device_id);
}

struct pairing_request *pairing_table_add(
    struct pairing_table *table, const struct devices_request *listed)
{
	const struct pairing_request *known;
	struct pairing_request *request;

	if (table->count == AUTO_PAIR_PENDING_MAX || pairing_table_has(table, listed->request_id))
		return NULL;
	request = &table->requests[table->count++];
	known = find(table->before, table->before_count, listed->request_id);
	if (known) {
		*request = *known;
	} else {
		fill(request, listed);
		table->new_count++;
	}
	request->timed_out = false; /* here it is: the call has had no effect */
	return request;
}

bool pairing_table_has(const struct pairing_table *table, const char *request_id)
{
	return find(table->requests, table->count, request_id) != NULL;
}

bool pairing_table_was_approved(const struct pairing_table *table,
    const struct pairing_request *gone, const struct devices *devices)
{
	if (!gone->timed_out || pairing_table_has(table, gone->shown.request_id))
		return false;
	for (size_t i = 0; i < table->count; i++) {
		if (strcmp(table->requests[i].device_id, gone->device_id) == 0)
			return false;
	}
	return devices_is_paired(devices, gone->device_id);
}

/* Waiting for an approval that is still to be tried? */
static bool is_open(const struct pairing_request *request)
{
	return request->shown.verdict == AUTO_PAIR_WAITING;
}

struct pairing_request *pairing_table_next(
    struct pairing_table *table, uint64_t pass, uint64_t now_ms)
{
	for (size_t i = 0; i < table->count; i++) {
		struct pairing_request *request = &table->requests[i];

		if (is_open(request) && request->retry_at_ms <= now_ms &&
		    request->tried_pass != pass)
			return request;
	}
	return NULL;
}

bool pairing_table_has_open(const struct pairing_table *table)
{
	for (size_t i = 0; i < table->count; i++) {
		if (is_open(&table->requests[i]))
			return true;
	}
	return false;
}

uint64_t pairing_table_deadline_ms(const struct pairing_table *table, uint64_t now_ms)
{
	uint64_t deadline_ms = NEVER_MS;

	for (size_t i = 0; i < table->count; i++) {
		const struct pairing_request *request = &table->requests[i];

		/* A first retry is due at once: it waits for the next poll, whenever that is. */
		if (is_open(request) && request->retry_at_ms > now_ms)
			deadline_ms = min_ms(deadline_ms, request->retry_at_ms);
	}
	return deadline_ms;
}

bool pairing_table_has_doubts(const struct pairing_table *table)
{
	for (size_t i = 0; i < table->count; i++) {
		if (table->requests[i].timed_out)
			return true;
	}
	return false;
}
