#include "core/pairing_skip.h"

void pairing_skip_init(struct pairing_skip *skip, uint64_t max_ms)
{
	*skip = (struct pairing_skip){ .max_ms = max_ms };
}

static bool is_same_file(const struct store_stamp *a, const struct store_stamp *b)
{
	return a->inode == b->inode && a->size_bytes == b->size_bytes && a->mtime_ns == b->mtime_ns;
}

static bool is_same_store(const struct store_look *a, const struct store_look *b)
{
	return a->kind == b->kind && is_same_file(&a->data, &b->data) &&
	       is_same_file(&a->journal, &b->journal);
}

/* Has surely nothing been written between these two looks? */
static bool is_unchanged(const struct store_look *a, const struct store_look *b)
{
	return is_same_store(a, b) && !a->is_fresh && !b->is_fresh;
}

enum pairing_answer pairing_skip_handle_look(
    struct pairing_skip *skip, const struct store_look *look, uint64_t now_ms)
{
	skip->look = *look;
	skip->look_ms = now_ms;
	skip->was_moved = !is_same_store(&skip->known, look);
	skip->was_changed = !is_unchanged(&skip->known, look);
	if (!skip->max_ms || skip->is_off)
		return PAIRING_ASK;
	if (look->kind == STORE_NOTHING_PENDING)
		return PAIRING_NOTHING_PENDING;
	if (look->kind != STORE_DATABASE || !look->is_watched || skip->was_changed ||
	    now_ms - skip->known_ms >= skip->max_ms)
		return PAIRING_ASK;
	return PAIRING_AS_BEFORE;
}

bool pairing_skip_handle_list(
    struct pairing_skip *skip, const struct store_look *after, bool has_new)
{
	bool is_blind = has_new && !skip->is_off && !skip->was_changed &&
			after->kind == STORE_DATABASE && is_unchanged(&skip->look, after);

	skip->known = skip->look;
	skip->known_ms = skip->look_ms;
	skip->is_off |= is_blind;
	return is_blind;
}
