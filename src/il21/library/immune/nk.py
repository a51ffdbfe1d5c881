"""NK cells: immature, mature, in the tumour, and how much lytic content they hold.

IL-21 matures them, blocks their renewal and fills them, but does not expand them (Kasaian et al.
2002; Brady et al. 2004; Smyth et al. 2005).  Turnover in man after Zhang et al. 2007.  Entry into
the tumour needs sustained arming, hence its square.  `pool` scales the whole compartment.
"""

from il21.declare import Definition, Input, Module, Observable, Parameter, Process, Species

NK = Module(
    name="nk",
    about="natural killer cells of blood, spleen and tumour",
    source="Zhang2007",
    inputs=(
        Input("S_LN", "1", "IL-21 signal in the lymph node"),
        Input("S_T",  "1", "IL-21 signal in the tumour"),
        Input("W_LN", "1", "low-potency IL-21 signal in the lymph node"),
        Input("o_2",  "1", "effect level of IL-2"),
        Input("o_15", "1", "effect level of IL-15"),
        Input("A_N",  "1", "arming"),
        Input("ifn",  "1", "effect level of interferon gamma"),
        Input("f_T",  "1", "size of the tumour as a target of entry, 0 to 1"),
        Input("Z",    "1", "activation of NKT cells"),
    ),
    parameters=(
        Parameter("pool",   "1",     "size of this subject's NK compartment, relative"),
        Parameter("N_i0",   "Mcell", "immature NK cells at rest"),
        Parameter("N_m0",   "Mcell", "mature NK cells at rest"),
        Parameter("cap_N",  "Mcell", "capacity for mature NK cells"),
        Parameter("d_N",    "1/d",   "loss"),
        Parameter("p_N",    "1/d",   "renewal"),
        Parameter("m_N",    "1/d",   "maturation"),
        Parameter("s_N",    "Mcell/d", "supply"),
        Parameter("e_M",    "1",     "IL-21 on maturation"),
        Parameter("e_N15",  "1",     "IL-15 on renewal"),
        Parameter("e_N2",   "1",     "IL-2 on renewal"),
        Parameter("e_blk",  "1",     "IL-21 blocks renewal"),
        Parameter("e_DN",   "1",     "low-potency IL-21 signal on loss"),
        Parameter("k_inN",  "1/d",   "entry into the tumour"),
        Parameter("k_outN", "1/d",   "exit from the tumour"),
        Parameter("a_A",    "1",     "arming on entry"),
        Parameter("a_I",    "1",     "interferon gamma on entry"),
        Parameter("a_2N",   "1",     "IL-2 on entry"),
        Parameter("e_NZ",   "1/d",   "NKT cells on NK number"),
        Parameter("mu_P",   "1/d",   "turnover of lytic content"),
        Parameter("e_PN",   "1",     "IL-21 on lytic content"),
        Parameter("e_P2",   "1",     "IL-2 on lytic content"),
        Parameter("e_Z",    "1",     "NKT cells on lytic content"),
        Parameter("i_P",    "1",     "lytic content of this subject, relative"),
    ),
    species=(
        Species("N_i", "Mcell", "immature NK cells", start="pool * N_i0"),
        Species("N_m", "Mcell", "mature NK cells", start="pool * N_m0"),
        Species("N_T", "Mcell", "NK cells in the tumour"),
        Species("P_N", "1",     "lytic content per cell, relative", start="1"),
    ),
    definitions=(
        Definition("lytic", "1",
                   "(1 + e_PN * (S_LN + S_T) / 2) * (1 + e_Z * Z) * (1 + e_P2 * o_2) * i_P",
                   "lytic content that the signals would hold"),
        Definition("attraction", "1", "1 + a_A * A_N^2 + a_I * ifn + a_2N * o_2",
                   "factor on entry"),
    ),
    processes=(
        Process("supply",       "0 -> N_i",   "pool * s_N"),
        Process("maturation",   "N_i -> N_m", "m_N * N_i * (1 + e_M * S_LN)"),
        Process("renewal",      "0 -> N_m",
                "p_N * N_m * (1 + e_N15 * o_15 + e_N2 * o_2) * (1 - e_blk * S_LN)"),
        Process("crowding",     "N_m -> 0",   "p_N * N_m^2 / (pool * cap_N)"),
        Process("loss_i",       "N_i -> 0",   "d_N * N_i"),
        Process("loss_m",       "N_m -> 0",   "d_N * N_m * (1 + e_DN * W_LN)"),
        Process("entry",        "N_m -> N_T", "k_inN * N_m * f_T * attraction"),
        Process("exit",         "N_T -> N_m", "k_outN * N_T"),
        Process("nkt_growth",   "0 -> N_m",   "e_NZ * Z * N_m"),
        Process("filling",      "0 -> P_N",   "mu_P * lytic"),
        Process("emptying",     "P_N -> 0",   "mu_P * P_N"),
    ),
    observables=(
        Observable("cells",  "Mcell", "N_i + N_m", "NK cells of blood and spleen"),
        Observable("mature", "1",     "N_m / (N_i + N_m)", "mature share of them"),
        Observable("lysis",  "1",     "P_N", "lytic content per NK cell"),
    ),
)
