// How complete the days of a period are: the share of hours that have a value, of all shown series.

import type { Scene } from "./scene.ts";
import type { Frame } from "./values.ts";
import { addMonths, DAY, dayOf, isoDate, monthOf, weekOf } from "./zone.ts";

const LEVELS = ["none", "part", "most", "whole"] as const;

interface Day {
  hours: number; // that could have a value
  there: number; // that have one
}

export function Calendar({ scene, frame }: { scene: Scene; frame: Frame }) {
  const { words, zone, go } = scene;
  const days = daysOf(scene, frame);
  const months = [...new Set([...days.keys()].map(monthOf))];
  const weekdays = [0, 1, 2, 3, 4, 5, 6].map((n) =>
    words.date((4 + n) * DAY + DAY / 2, zone, { weekday: "narrow" }),
  ); // the first Monday of 1970 was the 5th
  return (
    <div class="calendar">
      {months.map((month) => (
        <table key={month}>
          <caption>{words.date(zone.toInstant(month + DAY), zone, { month: "long", year: "numeric" })}</caption>
          <thead>
            <tr>
              {weekdays.map((name, n) => (
                <th key={n}>{name}</th>
              ))}
            </tr>
          </thead>
          <tbody>
            {weeksOf(month).map((week) => (
              <tr key={week}>
                {[0, 1, 2, 3, 4, 5, 6].map((n) => {
                  const day = week + n * DAY;
                  const own = monthOf(day) === month ? days.get(day) : undefined;
                  if (!own) return <td key={n} />;
                  const share = own.there / own.hours;
                  const text = `${isoDate(day)}: ${words.percent(share)}`;
                  return (
                    <td key={n}>
                      <button
                        type="button"
                        class={levelOf(share)}
                        aria-label={text}
                        title={text}
                        onClick={() => go({ datetime: isoDate(day), shape: "lines" })}
                      >
                        {new Date(day * 1000).getUTCDate()}
                      </button>
                    </td>
                  );
                })}
              </tr>
            ))}
          </tbody>
        </table>
      ))}
      <p class="key">
        {LEVELS.map((level) => (
          <span key={level}>
            <i class={level} /> {words.say(`complete_${level}`)}
          </span>
        ))}
      </p>
    </div>
  );
}

function levelOf(share: number): (typeof LEVELS)[number] {
  if (share === 0) return "none";
  if (share === 1) return "whole";
  return share < 0.9 ? "part" : "most";
}

function daysOf({ zone }: Scene, frame: Frame): Map<number, Day> {
  const days = new Map<number, Day>();
  const columns = frame.columns.filter((column) => !column.isEarlier);
  frame.t.forEach((t, n) => {
    const local = dayOf(zone.toLocal(t));
    const day = days.get(local) ?? { hours: 0, there: 0 };
    days.set(local, day);
    for (const column of columns) {
      day.hours += 1;
      if (column.value[n] != null) day.there += 1;
    }
  });
  return days;
}

function weeksOf(month: number): number[] {
  const weeks: number[] = [];
  for (let week = weekOf(month); week < addMonths(month, 1); week += 7 * DAY) weeks.push(week);
  return weeks;
}
