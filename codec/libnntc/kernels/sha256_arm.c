/* SHA-256 by the cryptographic instructions of ARMv8, where the compiler may use them (-march=armv8-a+crypto). */
#include "kernels.h"

#ifdef NNTC_ARM_SHA
#include <arm_neon.h>

NNTC_LOCAL void nntc_sha256_arm(u32 h[8], const u8 *data, size_t blocks) {
    uint32x4_t s0 = vld1q_u32(h), s1 = vld1q_u32(h + 4), w[4];
    for (; blocks > 0; blocks--, data += 64) {
        uint32x4_t old0 = s0, old1 = s1;
        for (u32 i = 0; i < 4; i++) w[i] = vreinterpretq_u32_u8(vrev32q_u8(vld1q_u8(data + 16 * i)));
        for (u32 i = 0; i < 16; i++) {
            uint32x4_t m = vaddq_u32(w[i & 3], vld1q_u32(nntc_sha256_constants + 4 * i)), before = s0;
            if (i < 12)
                w[i & 3] = vsha256su1q_u32(vsha256su0q_u32(w[i & 3], w[(i + 1) & 3]), w[(i + 2) & 3], w[(i + 3) & 3]);
            s0 = vsha256hq_u32(s0, s1, m);
            s1 = vsha256h2q_u32(s1, before, m);
        }
        s0 = vaddq_u32(s0, old0);
        s1 = vaddq_u32(s1, old1);
    }
    vst1q_u32(h, s0);
    vst1q_u32(h + 4, s1);
}
#endif
