#include "app/probe_request.h"

#include <string.h>

#include "core/http_reply.h"
#include "core/ws_reply.h"
#include "io/probe.h"

void probe_request_init(
    struct probe_request *request, const struct probe_target *target, char *message)
{
	*request = (struct probe_request){ .is_ipv6 = target->is_ipv6, .port = target->port };
	memcpy(request->address, target->address, sizeof(request->address));
	if (target->type == PROBE_TCP)
		return;
	request->message = message;
	request->message_bytes = target->type == PROBE_WS
				     ? ws_request_format(target, message, PROBE_MESSAGE_BYTES)
				     : http_request_format(target, message, PROBE_MESSAGE_BYTES);
}

int probe_request_judge(const struct probe_target *target, const struct status_codes *codes,
    const char *expect, const char *reply, size_t length_bytes, bool is_end, struct error *error)
{
	if (target->type == PROBE_WS)
		return ws_reply_judge(reply, length_bytes, is_end, expect, error);
	return http_reply_judge(reply, length_bytes, is_end, codes, expect, error);
}
