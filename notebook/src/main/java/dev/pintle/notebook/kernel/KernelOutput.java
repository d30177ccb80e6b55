package dev.pintle.notebook.kernel;

import dev.pintle.notebook.Output;
import dev.pintle.notebook.Rendered;
import java.util.Base64;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import org.rapaio.jupyter.kernel.MainApp;
import org.rapaio.jupyter.kernel.display.DisplayData;

/** Shows values below the cell that runs in Jupyter. */
final class KernelOutput implements Output {
    private final Map<String, String> places = new ConcurrentHashMap<>();

    @Override
    public void show(Rendered value) {
        MainApp.kernel.display(data(value));
    }

    @Override
    public void update(String id, Rendered value) {
        DisplayData data = data(value);
        String known = places.get(id);
        if (known == null) {
            known = UUID.randomUUID().toString();
            places.put(id, known);
            data.setDisplayId(known);
            MainApp.kernel.display(data);
        } else {
            data.setDisplayId(known);
            MainApp.kernel.updateDisplay(data);
        }
    }

    @Override
    public void settle(String id, Rendered value) {
        update(id, value);
        places.remove(id); // the next of this name, in another cell, begins anew
    }

    /** A value by its MIME types. */
    static DisplayData data(Rendered value) {
        DisplayData data = DisplayData.fromText(value.text());
        if (!value.html().isEmpty()) {
            data.putHTML(value.html());
        }
        if (value.hasPicture()) {
            data.putData("image/png", Base64.getEncoder().encodeToString(value.png()));
        }
        return data;
    }
}
