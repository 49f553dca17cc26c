/* The three functions of world `hello` (wit/hello.wit), and the layouts of their answers. */

#include "abi.h"
#include "unicode.h"

#define CHARACTERS_MAX 100000u

enum repertoire { ASCII, LATIN1, BASIC_PLANE, FULL };

struct facts {
    uint32_t bytes, characters, words, lines;
    uint8_t has_longest_word;
    struct text longest_word;
    uint8_t repertoire;
};

enum problem_case { EMPTY, TOO_LONG, CONTROL_CHARACTER };

struct problem {
    uint8_t which;
    uint32_t payload;
};

struct description {
    uint8_t is_problem;
    union {
        struct facts facts;
        struct problem problem;
    };
};

/* Canonical ABI: sizes and offsets of result<facts, problem>. */
_Static_assert(offsetof(struct facts, has_longest_word) == 16, "option");
_Static_assert(offsetof(struct facts, longest_word) == 20, "some");
_Static_assert(offsetof(struct facts, repertoire) == 28 && sizeof(struct facts) == 32, "facts");
_Static_assert(offsetof(struct problem, payload) == 4 && sizeof(struct problem) == 8, "problem");
_Static_assert(offsetof(struct description, facts) == 4, "ok and error");
_Static_assert(sizeof(struct description) == 36, "result");

static struct text answer_text;
static struct description answer_description;

static uint8_t *append(uint8_t *at, const void *from, size_t size) {
    __builtin_memcpy(at, from, size);
    return at + size;
}

EXPORT("greet")
struct text *greet(const uint8_t *at, uint32_t size) {
    static const uint8_t hello[] = {'H', 'e', 'l', 'l', 'o', ',', ' '};
    static const uint8_t world[] = {'w', 'o', 'r', 'l', 'd'};
    struct text name = trimmed((struct text){at, size});
    if (name.size == 0) name = (struct text){world, sizeof world};

    uint8_t *greeting = abi_take(sizeof hello + name.size + 1, 1);
    uint8_t *end = append(append(greeting, hello, sizeof hello), name.at, name.size);
    *end++ = '!';
    answer_text = (struct text){greeting, (uint32_t)(end - greeting)};
    return &answer_text;
}

EXPORT("echo")
struct text *echo(const uint8_t *at, uint32_t size) {
    answer_text = (struct text){at, size};
    return &answer_text;
}

static enum repertoire repertoire_of(uint32_t character) {
    if (character < 0x80) return ASCII;
    if (character < 0x100) return LATIN1;
    return character < 0x10000 ? BASIC_PLANE : FULL;
}

/* A word as it is read: where it began and how many characters it has; none while it has none. */
struct word {
    const uint8_t *at;
    uint32_t characters;
};

static struct description problem(enum problem_case which, uint32_t payload) {
    return (struct description){.is_problem = 1, .problem = {(uint8_t)which, payload}};
}

static struct description described(struct text text) {
    if (text.size == 0) return problem(EMPTY, 0);
    const uint8_t *end = text.at + text.size;
    struct facts facts = {.bytes = text.size, .lines = end[-1] != '\n'};
    struct word word = {0}, longest = {0};

    for (const uint8_t *at = text.at; at < end; facts.characters++) {
        const uint8_t *start = at;
        uint32_t character = next_character(&at);
        if (facts.characters == CHARACTERS_MAX) return problem(TOO_LONG, CHARACTERS_MAX);
        if (is_unexpected_control(character)) return problem(CONTROL_CHARACTER, facts.characters);
        enum repertoire held_by = repertoire_of(character);
        if (held_by > facts.repertoire) facts.repertoire = (uint8_t)held_by;
        facts.lines += character == '\n';
        if (is_white_space(character)) {
            word.characters = 0;
            continue;
        }
        if (word.characters++ == 0) {
            word.at = start;
            facts.words++;
        }
        if (word.characters > longest.characters) {
            longest = word;
            facts.longest_word = (struct text){word.at, (uint32_t)(at - word.at)};
        }
    }
    facts.has_longest_word = facts.words > 0;
    return (struct description){.facts = facts};
}

EXPORT("describe")
struct description *describe(const uint8_t *at, uint32_t size) {
    answer_description = described((struct text){at, size});
    return &answer_description;
}

/* The host calls one of these when it has read an answer. */
EXPORT("cabi_post_greet") void post_greet(struct text *answer) { (void)answer, abi_release(); }
EXPORT("cabi_post_echo") void post_echo(struct text *answer) { (void)answer, abi_release(); }
EXPORT("cabi_post_describe")
void post_describe(struct description *answer) { (void)answer, abi_release(); }
