import { NovaError } from '../../../shared/domain/error.ts';
import { getAlert } from '../../../shared/store/alert-store.ts';
import { worldCommand } from '../../command.ts';
import { needed, text } from '../../fields.ts';
import { alertView, renderAlert } from '../../views/alert.ts';

export const command = worldCommand({
  noun: 'alert',
  verb: 'show',
  summary: 'one alert: the numbers, who is hurt, what to do, who was told',
  args: { id: needed(text('the id of the alert', 'id')) },
  options: {},
  examples: ['nova alert show dead_letters:revenue', 'nova alert show budget_exceeded:fleet --json'],
  async run({ id }, { world }) {
    const alert = await getAlert(world.table, id);
    if (!alert) throw new NovaError('not_found', `there is no alert "${id}"; see nova alert list --all`);
    return alertView(alert, world.settings.stage);
  },
  render: renderAlert,
});
