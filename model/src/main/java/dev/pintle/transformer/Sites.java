package dev.pintle.transformer;

import dev.pintle.transformer.HookPoint.Site;
import java.util.Collections;
import java.util.EnumSet;
import java.util.Set;

/** The hook sites of blocks, which depend on their parts. */
final class Sites {
    private Sites() {}

    /** Those of a block with such an MLP, in the order of the forward pass. */
    static Set<Site> of(Mlp mlp) {
        Set<Site> sites = EnumSet.copyOf(Site.OF_BLOCKS);
        sites.removeAll(Site.OF_EXPERTS);
        sites.remove(Site.MLP_PRE);
        sites.remove(Site.MLP_POST);
        sites.addAll(mlp.sites());
        return Collections.unmodifiableSet(sites);
    }

    /** The same without one. */
    static Set<Site> of(Mlp mlp, Site without) {
        Set<Site> sites = EnumSet.copyOf(of(mlp));
        sites.remove(without);
        return Collections.unmodifiableSet(sites);
    }
}
