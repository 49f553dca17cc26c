/* Characters of a text in UTF-8 (RFC 3629); properties from Unicode's PropList.txt. */

#include "unicode.h"

uint32_t next_character(const uint8_t **at) {
    uint32_t lead = *(*at)++;
    if (lead < 0x80) return lead;
    int more = lead < 0xe0 ? 1 : lead < 0xf0 ? 2 : 3;
    uint32_t character = lead & (0x3fu >> more);
    while (more-- > 0) character = character << 6 | (*(*at)++ & 0x3fu);
    return character;
}

bool is_white_space(uint32_t character) {
    if (character <= 0x20) return character == 0x20 || (character >= 0x09 && character <= 0x0d);
    if (character >= 0x2000 && character <= 0x200a) return true;
    switch (character) {
    case 0x0085:
    case 0x00a0:
    case 0x1680:
    case 0x2028:
    case 0x2029:
    case 0x202f:
    case 0x205f:
    case 0x3000:
        return true;
    default:
        return false;
    }
}

bool is_unexpected_control(uint32_t character) {
    if (character == '\t' || character == '\n' || character == '\r') return false;
    return character < 0x20 || (character >= 0x7f && character <= 0x9f);
}

struct text trimmed(struct text text) {
    const uint8_t *end = text.at + text.size, *first = end, *last = end;
    for (const uint8_t *at = text.at; at < end;) {
        const uint8_t *start = at;
        if (is_white_space(next_character(&at))) continue;
        if (first == end) first = start;
        last = at;
    }
    return (struct text){first, (uint32_t)(last - first)};
}
