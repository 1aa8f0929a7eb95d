import type { DescribeAlarmsCommandInput } from "@aws-sdk/client-cloudwatch";
import type { Handlers } from "./service.ts";
import type { World } from "./world.ts";

/** Alarms as they are named in `world.fleet.alarms`; any other name is an alarm that is OK. */
export function alarmHandlers(world: World): Handlers {
  return {
    DescribeAlarms: ({ AlarmNames }: DescribeAlarmsCommandInput) => ({
      MetricAlarms: (AlarmNames ?? [])
        .map((AlarmName) => ({ AlarmName, StateValue: world.fleet.alarms.get(AlarmName) ?? "OK" }))
        .filter(({ StateValue }) => StateValue !== "missing"),
      CompositeAlarms: [],
    }),
  };
}
