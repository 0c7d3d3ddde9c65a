/* From reset to main: vectors, memory as C wants it, the floating-point unit, a stack that shows how deep it was used. */
#include "board.h"

#include <string.h>

extern unsigned char data_stored[], data_end[];
void reset(void);

enum { PAINT = 0xA5 };

static void fault(void) {
    say("fault\n");
    leave(3);
}

__attribute__((section(".vectors"), used)) static void *const vectors[16] = {
    stack_end, (void *)reset, (void *)fault, (void *)fault, (void *)fault, (void *)fault, (void *)fault, NULL,
    NULL, NULL, NULL, (void *)fault, (void *)fault, NULL, (void *)fault, (void *)fault};

#define COPROCESSORS (*(volatile uint32_t *)0xE000ED88)
#define COUNTER (*(volatile uint32_t *)0x40028018)

void reset(void) {
    unsigned char *here = (unsigned char *)__builtin_frame_address(0) - 64;
    memcpy(data_begin, data_stored, (size_t)(data_end - data_begin));
    memset(data_end, 0, (size_t)(bss_end - data_end));
    memset(stack_begin, PAINT, (size_t)(here - stack_begin));
    COPROCESSORS |= 0xF << 20;
    leave(main());
}

uint32_t deepest_stack(void) {
    const unsigned char *p = stack_begin;
    while (p < stack_end && *p == PAINT) p++;
    return (uint32_t)(stack_end - p);
}

uint32_t ticks(void) { return COUNTER; }
