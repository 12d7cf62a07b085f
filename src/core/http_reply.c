#include "core/http_reply.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#include "util/text.h"

enum {
	STATUS_LINE_BYTES = 12, /* "HTTP/1.1 200" */
};

/* The status code at the start of a reply of at least STATUS_LINE_BYTES, or -1. */
static int http_status_parse(const char *reply, size_t length_bytes)
{
	const char *code = reply + 9;

	if (length_bytes > STATUS_LINE_BYTES && !memchr(" \r\n", reply[STATUS_LINE_BYTES], 3))
		return -1;
	if (code[0] == '0' || memcmp(reply, "HTTP/1.", 7) != 0 || reply[8] != ' ')
		return -1;
	for (int i = 0; i < 3; i++)
		if (code[i] < '0' || code[i] > '9')
			return -1;
	return (code[0] - '0') * 100 + (code[1] - '0') * 10 + (code[2] - '0');
}

static bool has_status(const struct status_codes *codes, int status)
{
	for (int i = 0; i < PROBE_STATUS_MAX; i++)
		if (codes->items[i] == status)
			return true;
	return false;
}

int http_reply_status(const char *reply, size_t length_bytes, bool is_end, struct error *error)
{
	int status;

	/* One byte more, to see that the code ends there. */
	if (length_bytes <= STATUS_LINE_BYTES && !is_end)
		return 0;
	if (length_bytes < STATUS_LINE_BYTES)
		return error_set(error, -EPROTO,
		    length_bytes ? "the reply is no HTTP"
				 : "the connection was closed without a reply");
	status = http_status_parse(reply, length_bytes);
	return status < 0 ? error_set(error, -EPROTO, "the reply is no HTTP") : status;
}

int http_reply_judge(const char *reply, size_t length_bytes, bool is_end,
    const struct status_codes *codes, const char *expect, struct error *error)
{
	int status = http_reply_status(reply, length_bytes, is_end, error);

	if (status <= 0)
		return status;
	if (!has_status(codes, status))
		return error_set(error, -EBADMSG, "HTTP status %d", status);
	if (!expect || status < 200 || status > 299)
		return 1;
	if (memmem(reply, length_bytes, expect, strlen(expect)))
		return 1;
	if (!is_end)
		return 0;
	return error_set(error, -ENOMSG, "HTTP status %d, but without '%s'", status, expect);
}

const char *http_reply_body(const char *reply, size_t length_bytes)
{
	const char *end = memmem(reply, length_bytes, "\r\n\r\n", 4);

	return end ? end + 4 : NULL;
}

/* HOST:PORT as a Host header wants it. */
static void text_add_host(struct text *text, const struct probe_target *target)
{
	char address[INET6_ADDRSTRLEN] = "";

	(void)inet_ntop(
	    target->is_ipv6 ? AF_INET6 : AF_INET, target->address, address, sizeof(address));
	text_addf(text, "%s%s%s:%u", target->is_ipv6 ? "[" : "", address,
	    target->is_ipv6 ? "]" : "", target->port);
}

size_t http_get_format(const struct probe_target *target, const char *version, const char *headers,
    char *buffer, size_t size_bytes)
{
	struct text text;

	text_init(&text, buffer, size_bytes);
	text_addf(&text, "GET %s HTTP/%s\r\nHost: ", target->path, version);
	text_add_host(&text, target);
	text_addf(&text, "\r\nUser-Agent: nemoinit\r\n%s\r\n", headers);
	return text.length_bytes;
}

size_t http_request_format(const struct probe_target *target, char *buffer, size_t size_bytes)
{
	/* HTTP/1.0 rules out a chunked reply, and the server closes when it has said all. */
	return http_get_format(target, "1.0", "Connection: close\r\n", buffer, size_bytes);
}
