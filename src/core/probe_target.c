#include "core/probe_target.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "util/macros.h"
#include "util/parse.h"

/* HOST:PORT at text (IPv4, [IPv6] or localhost); *ret_rest is what follows. */
static int read_address(
    const char *text, struct probe_target *target, const char **ret_rest, struct error *error)
{
	const char *host = text, *host_end, *port_end;
	char name[64] = "", digits[8] = "";
	uint64_t port = 0;

	target->is_ipv6 = *text == '[';
	host += target->is_ipv6;
	host_end = host + strcspn(host, target->is_ipv6 ? "]" : ":/");
	if (host_end > host && (size_t)(host_end - host) < sizeof(name))
		memcpy(name, host, (size_t)(host_end - host));
	if (strcmp(name, "localhost") == 0)
		strcpy(name, "127.0.0.1");
	if (inet_pton(target->is_ipv6 ? AF_INET6 : AF_INET, name, target->address) != 1)
		return error_set(error, -EINVAL,
		    "'%s': the host must be an IPv4 address, an [IPv6] address or localhost", text);
	host_end += target->is_ipv6 && *host_end == ']';
	port_end = host_end + strcspn(host_end, "/");
	if (*host_end == ':' && (size_t)(port_end - host_end - 1) < sizeof(digits))
		memcpy(digits, host_end + 1, (size_t)(port_end - host_end - 1));
	if (parse_count(digits, 1, 65535, &port))
		return error_set(error, -EINVAL, "'%s': a port from 1 to 65535 is wanted", text);
	target->port = (uint16_t)port;
	*ret_rest = port_end;
	return 0;
}

int probe_target_parse(const char *text, struct probe_target *ret_target, struct error *error)
{
	static const struct {
		const char *prefix;
		enum probe_type type;
	} schemes[] = { { "http://", PROBE_HTTP }, { "ws://", PROBE_WS }, { "tcp://", PROBE_TCP } };
	struct probe_target target = { .type = PROBE_NONE };
	const char *rest = NULL;
	bool has_path;
	int result;

	if (strcmp(text, "notify") == 0)
		target.type = PROBE_NOTIFY;
	for (size_t i = 0; i < ARRAY_LEN(schemes); i++) {
		size_t length = strlen(schemes[i].prefix);

		if (strncmp(text, schemes[i].prefix, length) != 0)
			continue;
		target.type = schemes[i].type;
		result = read_address(text + length, &target, &rest, error);
		if (result)
			return result;
	}
	has_path = target.type == PROBE_HTTP || target.type == PROBE_WS;
	if ((target.type == PROBE_NONE && strcmp(text, "none") != 0) ||
	    (target.type == PROBE_TCP && *rest) || (has_path && strpbrk(rest, " \t\r\n")))
		return error_set(error, -EINVAL,
		    "'%s' is none of: http://HOST:PORT/PATH, ws://HOST:PORT/PATH, tcp://HOST:PORT, "
		    "exec:COMMAND (written out, not from a variable), notify, none",
		    text);
	if (rest)
		target.text = strdup(text);
	if (has_path)
		target.path = strdup(*rest ? rest : "/");
	if ((rest && !target.text) || (has_path && !target.path)) {
		probe_target_deinit(&target);
		return error_set(error, -ENOMEM, "no memory");
	}
	*ret_target = target;
	return 0;
}

void probe_target_deinit(struct probe_target *target)
{
	free(target->path);
	words_deinit(&target->command);
	free(target->text);
	*target = (struct probe_target){ .type = PROBE_NONE };
}

int status_codes_parse(const char *text, struct status_codes *ret_codes, struct error *error)
{
	struct status_codes codes = { .items = { 0 } };
	struct words words;
	uint64_t code;
	int result = words_split_blanks(text, &words, error);

	if (result)
		return result;
	if (words.count < 1 || words.count > PROBE_STATUS_MAX)
		result = error_set(
		    error, -EINVAL, "1 to %d HTTP status codes are wanted", PROBE_STATUS_MAX);
	for (size_t i = 0; !result && i < words.count; i++) {
		result = parse_count(words.items[i], 100, 599, &code);
		if (result)
			error_set(error, result, "'%s' is no HTTP status from 100 to 599",
			    words.items[i]);
		else
			codes.items[i] = (uint16_t)code;
	}
	words_deinit(&words);
	if (!result)
		*ret_codes = codes;
	return result;
}
