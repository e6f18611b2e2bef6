/** The wizard on this process's own terminal, and the file that comes of it. */
import { configWizard, saveConfig } from 'persistdict/config'

try {
  saveConfig(process.argv[2], await configWizard())
} catch (error) {
  console.log(`${error.code}: ${error.message}`)
}
